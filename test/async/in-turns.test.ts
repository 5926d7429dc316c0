import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forEachInTurns, inOneTurn, inTurns, type Steps } from '../../src/async/in-turns.ts';
import { sortInSteps } from '../../src/async/sort-in-steps.ts';
import { turnsDuring } from './fixtures/turns.ts';

const ITEMS = 640;

/** Keeps the thread busy, as work on one item of a long list does. */
function spin(): void {
  const until = performance.now() + 0.2;
  while (performance.now() < until) {
    // Nothing: the time is what counts.
  }
}

function* squares(): Steps<number> {
  let sum = 0;
  for (let i = 0; i < ITEMS; i++) {
    spin();
    sum += i * i;
    yield;
  }
  return sum;
}

describe('work on a list of any length', () => {
  test('gives the event loop turns', async () => {
    expect(await turnsDuring(() => inTurns(squares()))).toBeGreaterThan(2);
    expect(await turnsDuring(() => forEachInTurns(Array(ITEMS).keys(), spin))).toBeGreaterThan(2);
  });

  test('does not add up with the work before it: a long list begins in a turn of its own', async () => {
    const quick = (length: number) =>
      turnsDuring(() => forEachInTurns(Array(length).keys(), () => undefined));
    expect(await quick(100)).toBe(1);
    expect(await quick(10)).toBe(0);
  });

  test('comes to the same result with and without turns', async () => {
    expect(await inTurns(squares())).toBe(inOneTurn(squares()));
  });

  test('rejects with what a step throws', async () => {
    const failure = new Error('the third item');
    await expect(
      forEachInTurns([1, 2, 3], (item) => {
        if (item === 3) {
          throw failure;
        }
      }),
    ).rejects.toBe(failure);
  });
});

test('a list that is sorted in steps is sorted as toSorted does it, stably', () => {
  const items = fc.array(fc.record({ key: fc.integer({ min: 0, max: 50 }), at: fc.nat() }), {
    size: 'max',
    maxLength: 5000,
  });
  fc.assert(
    fc.property(items, (list) => {
      const byKey = (a: { key: number }, b: { key: number }): number => a.key - b.key;
      expect(inOneTurn(sortInSteps(list, byKey))).toEqual(list.toSorted(byKey));
    }),
    { numRuns: 50 },
  );
  const long = Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 10_007);
  expect(inOneTurn(sortInSteps(long, (a, b) => a - b))).toEqual(long.toSorted((a, b) => a - b));
});
