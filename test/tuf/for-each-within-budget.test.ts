import { expect, test } from 'vitest';
import { forEachWithinBudget } from '../../src/tuf/verify/for-each-within-budget.ts';

const LIMITS = { tasks: 32, bytes: 1000 };

test('items that wait for nothing leave the event loop its turns', async () => {
  let inThisTurn = 0;
  let most = 0;
  let isDone = false;
  const countAnew = (): void => {
    inThisTurn = 0;
    if (!isDone) {
      setImmediate(countAnew);
    }
  };
  setImmediate(countAnew);
  await forEachWithinBudget(
    Array.from({ length: 400 }, (_, i) => i),
    LIMITS,
    () => 0,
    async () => {
      most = Math.max(most, ++inThisTurn);
      const until = performance.now() + 1;
      while (performance.now() < until) {
        // Nothing: each item takes the thread for a millisecond.
      }
    },
  );
  isDone = true;
  // Those that are admitted at once, and then ten milliseconds of them: not ten for each that is under way.
  expect(most).toBeLessThanOrEqual(3 * LIMITS.tasks);
});

test('never more items or bytes are under way than the limits say, and every item is worked on once', async () => {
  const done: number[] = [];
  let under = 0;
  let most = 0;
  await forEachWithinBudget(
    Array.from({ length: 200 }, (_, i) => i),
    LIMITS,
    (item) => (item % 3 === 0 ? 400 : 0),
    async (item) => {
      under += item % 3 === 0 ? 400 : 0;
      most = Math.max(most, under);
      await new Promise((resolve) => setImmediate(resolve));
      under -= item % 3 === 0 ? 400 : 0;
      done.push(item);
    },
  );
  expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(most).toBe(800);
});

test('the first failure ends it once what was under way has settled', async () => {
  let settled = 0;
  const failure = new Error('the tenth item');
  await expect(
    forEachWithinBudget(
      Array.from({ length: 1000 }, (_, i) => i),
      LIMITS,
      () => 0,
      async (item) => {
        await new Promise((resolve) => setImmediate(resolve));
        settled++;
        if (item === 10) {
          throw failure;
        }
      },
    ),
  ).rejects.toBe(failure);
  const atTheEnd = settled;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(settled).toBe(atTheEnd);
  expect(settled).toBeLessThan(1000);
});
