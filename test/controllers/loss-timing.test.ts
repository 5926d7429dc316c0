import { expect, test } from 'vitest';
import { nextLossReadingMs } from '../../src/controllers/bootstrapstate/recoveries/loss-timing.ts';

test.each([
  [0, 2_500],
  [2_500, 2_500],
  [9_000, 1_000],
  [9_999.5, 1],
])('a loss that had lasted %i of 10,000 ms when it was decided upon is read again', (lastedMs, nextMs) => {
  expect(nextLossReadingMs({ lastedMs, stableMs: 10_000 })).toBe(nextMs);
});

test('one that was decided upon after its time is not', () => {
  expect(nextLossReadingMs({ lastedMs: 10_000, stableMs: 10_000 })).toBe(Number.POSITIVE_INFINITY);
  expect(nextLossReadingMs({ lastedMs: 0, stableMs: 0 })).toBe(Number.POSITIVE_INFINITY);
});
