import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  lossTimeOf,
  nextLossReadingMs,
  storedLossTime,
} from '../../src/controllers/bootstrapstate/recoveries/loss-timing.ts';

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

test('a loss is as old when it is read back as it was when it was stored, and never older', () => {
  const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
  fc.assert(
    fc.property(time, fc.nat(600_000), (lostSince, laterMs) => {
      const now = new Date(lostSince.getTime() + laterMs);
      expect(lossTimeOf(storedLossTime(lostSince), now)).toEqual(lostSince);
    }),
  );
});

test.each([
  ['nothing', undefined],
  ['no time', 'yesterday'],
  ['a time to come', '2026-01-01T00:00:00.001000Z'],
])('a loss of which %s is stored counts from now', (_, stored) => {
  const now = new Date('2026-01-01T00:00:00Z');
  expect(lossTimeOf(stored, now)).toEqual(now);
});
