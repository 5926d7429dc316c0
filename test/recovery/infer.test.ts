import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inferDays, remainingDays } from '../../src/recovery/plan/infer.ts';

const DAY_MS = 86_400_000;
const head = new Date('2026-06-01T12:00:00Z');
const plus = (ms: number): Date => new Date(head.getTime() + ms);
const infer = (lifetimeMs: number, earlier: readonly Date[] = []) =>
  inferDays(plus(lifetimeMs), { head, earlier });

describe('a lifetime is read from expiry and time of writing', () => {
  test.each([
    ['exactly', 0],
    ['uploaded two seconds after it was signed', -2_000],
    ['uploaded just under two minutes after', -119_000],
    ['over the end of daylight saving', 3_600_000],
    ['over the start of daylight saving', -3_600_000],
    ['over a change of daylight saving, uploaded slowly', -3_600_000 - 100_000],
  ])('%s: high confidence', (_, residue) => {
    expect(infer(30 * DAY_MS + residue)).toEqual({ kind: 'days', days: 30, confidence: 'high' });
  });

  test.each([
    ['minutes', -600_000],
    ['almost six hours', -6 * 3_600_000 + 1_000],
    ['hours the other way', 5 * 3_600_000],
  ])('off by %s: medium confidence', (_, residue) => {
    expect(infer(30 * DAY_MS + residue)).toEqual({ kind: 'days', days: 30, confidence: 'medium' });
  });

  test.each([
    ['six hours from a whole day', 30 * DAY_MS + 6 * 3_600_000],
    ['half a day from a whole day', 30 * DAY_MS + 12 * 3_600_000],
    ['written after it expired', -DAY_MS],
    ['written as it expired', 0],
    ['written an hour before it expired', 3_600_000],
  ])('%s: no lifetime', (_, lifetime) => {
    expect(infer(lifetime)).toMatchObject({ kind: 'none' });
  });
});

describe('times that a copy has rewritten are no evidence', () => {
  test('an earlier version that was written much later', () => {
    expect(infer(30 * DAY_MS, [plus(180_000)])).toMatchObject({ kind: 'none' });
  });

  test('an earlier version that was written a moment later, and no whole number of days', () => {
    expect(infer(30 * DAY_MS - 600_000, [plus(1_000)])).toMatchObject({ kind: 'none' });
  });

  test('storage nodes whose clocks differ by a second do not spoil whole days', () => {
    expect(infer(30 * DAY_MS - 1_000, [plus(1_000)])).toEqual({
      kind: 'days',
      days: 30,
      confidence: 'medium',
    });
  });

  test('many versions in one second, a whole number of days missed by minutes', () => {
    expect(infer(30 * DAY_MS - 600_000, [head, head])).toMatchObject({ kind: 'none' });
  });

  test('a burst of publishes, as continuous integration makes it, still tells whole days', () => {
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

  test('a copy at a random moment is hardly ever mistaken for the time of signing', () => {
    const days = fc.integer({ min: 1, max: 365 });
    const copiedMs = fc.integer({ min: 10 * 60_000, max: 300 * DAY_MS });
    fc.assert(
      fc.property(days, copiedMs, (configured, copied) => {
        const result = inferDays(plus(configured * DAY_MS - copied), { head, earlier: [head, head] });
        // Three versions in one second: only whole days (or ±1 h) survive, and never with high confidence.
        if (result.kind === 'days') {
          expect(result.confidence).toBe('medium');
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
