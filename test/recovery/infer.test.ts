import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inferDays, remainingDays, sameResidue } from '../../src/recovery/plan/infer.ts';

const DAY_MS = 86_400_000;
const head = new Date('2026-06-01T12:00:00Z');
const plus = (ms: number): Date => new Date(head.getTime() + ms);
const infer = (lifetimeMs: number, earlier: readonly Date[] = []) =>
  inferDays(plus(lifetimeMs), { head, earlier });

describe('a lifetime is read from expiry and time of writing', () => {
  test.each([
    ['exactly', 0],
    ['uploaded two seconds after it was signed', -2_000],
    ['by a storage whose clock is two seconds ahead', 2_000],
    ['over the end of daylight saving', 3_600_000],
    ['over the start of daylight saving', -3_600_000],
    ['over a change of daylight saving, uploaded two seconds later', -3_602_000],
  ])('%s: high confidence', (_, residue) => {
    expect(infer(30 * DAY_MS + residue)).toEqual({ kind: 'days', days: 30, confidence: 'high' });
  });

  test.each([
    ['more than two seconds', 30 * DAY_MS - 2_001, 30, 30],
    ['minutes', 30 * DAY_MS - 600_000, 30, 30],
    ['three days and hours, as in a bucket that was copied', 11 * DAY_MS - 5 * 3_600_000, 11, 11],
    ['hours the other way', 30 * DAY_MS + 5 * 3_600_000, 30, 31],
    ['half a day', 30 * DAY_MS + 12 * 3_600_000 + 1, 31, 31],
  ])('off by %s: it is no more than a lower bound', (_, lifetime, days, atLeastDays) => {
    expect(infer(lifetime)).toMatchObject({ kind: 'wide', days, atLeastDays });
  });

  test('a day less the hour of daylight saving and two seconds of upload is a day', () => {
    expect(infer(DAY_MS - 3_602_000)).toMatchObject({ kind: 'days', days: 1 });
  });

  test('two seconds more than whole days are no further day, two hours are', () => {
    expect(infer(11 * DAY_MS + 2_000)).toMatchObject({ kind: 'days', days: 11 });
    expect(infer(11 * DAY_MS + 7_200_000)).toMatchObject({ kind: 'wide', days: 11, atLeastDays: 12 });
    expect(infer(11 * DAY_MS, [plus(180_000)])).toMatchObject({ kind: 'wide', days: 11, atLeastDays: 11 });
    expect(infer(11 * DAY_MS + 2_000, [plus(180_000)])).toMatchObject({ kind: 'wide', atLeastDays: 11 });
  });

  test.each([
    ['written after it expired', -DAY_MS],
    ['written as it expired', 0],
    ['written an hour before it expired', 3_600_000],
    ['written just more than an hour less than a day before', DAY_MS - 3_602_001],
  ])('%s: no lifetime', (_, lifetime) => {
    expect(infer(lifetime)).toMatchObject({ kind: 'none' });
  });
});

describe('times that a copy has rewritten are no evidence', () => {
  test('an earlier version that was written much later', () => {
    expect(infer(30 * DAY_MS, [plus(180_000)])).toMatchObject({ kind: 'wide' });
  });

  test('storage nodes whose clocks differ by two minutes, and not by more', () => {
    expect(infer(30 * DAY_MS, [plus(120_000)])).toMatchObject({ kind: 'days', confidence: 'medium' });
    expect(infer(30 * DAY_MS, [plus(120_001)])).toMatchObject({ kind: 'wide' });
  });

  test('three versions in one second may be a copy', () => {
    expect(infer(30 * DAY_MS, [head, head])).toEqual({ kind: 'days', days: 30, confidence: 'medium' });
  });

  test.each([
    [0, 2_000, true],
    [2_000, 0, true],
    [-1_000, 1_001, false],
  ])('files %i ms and %i ms from whole days: equally far is %j', (a, b, same) => {
    expect(sameResidue(a, b)).toBe(same);
  });

  test('storage nodes whose clocks differ by a second do not spoil whole days', () => {
    expect(infer(30 * DAY_MS - 1_000, [plus(1_000)])).toEqual({
      kind: 'days',
      days: 30,
      confidence: 'medium',
    });
  });

  test('a burst of publishes, as continuous integration makes it, still shows whole days', () => {
    expect(infer(30 * DAY_MS - 1_000, [head, head, head])).toEqual({
      kind: 'days',
      days: 30,
      confidence: 'medium',
    });
  });

  test('two versions in one second are ordinary: bootstrap and the first publish', () => {
    expect(infer(30 * DAY_MS, [head])).toEqual({ kind: 'days', days: 30, confidence: 'high' });
  });

  test('history that was restored long ago does not spoil what was published since', () => {
    const restored = plus(-90 * DAY_MS);
    expect(infer(30 * DAY_MS, [restored, restored, restored, restored])).toMatchObject({
      confidence: 'high',
    });
  });

  test('a copy at any moment but the very second of a whole day shows no lifetime, or at least no longer one', () => {
    const days = fc.integer({ min: 1, max: 365 });
    const copiedMs = fc.integer({ min: 10 * 60_000, max: 300 * DAY_MS });
    fc.assert(
      fc.property(days, copiedMs, (configured, copied) => {
        const off = Math.min(copied % DAY_MS, DAY_MS - (copied % DAY_MS));
        fc.pre(off > 2_000 && Math.abs(off - 3_600_000) > 2_000);
        const result = inferDays(plus(configured * DAY_MS - copied), { head, earlier: [head, head] });
        expect(result.kind).not.toBe('days');
        if (result.kind === 'wide') {
          expect(result.atLeastDays).toBeLessThanOrEqual(configured);
        }
      }),
    );
  });
});

describe('the days left, as the server counts them', () => {
  test.each([
    [1, 1],
    [DAY_MS - 1, 1],
    [DAY_MS, 1],
    [DAY_MS + 1, 2],
    [5.5 * DAY_MS, 6],
  ])('%d ms left are %d days', (left, days) => {
    expect(remainingDays(plus(left), head)).toBe(days);
  });

  test('nothing is left of what has expired', () => {
    expect(remainingDays(head, head)).toBeUndefined();
    expect(remainingDays(plus(-1), head)).toBeUndefined();
  });
});
