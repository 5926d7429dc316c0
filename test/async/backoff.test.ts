import { expect, test } from 'vitest';
import { Backoff, REFLECTOR_BACKOFF } from '../../src/async/backoff.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';

test('waits double from 0.8 s to 30 s, each with full jitter on top', () => {
  const clock = new ManualClock();
  const least = new Backoff(REFLECTOR_BACKOFF, clock, () => 0);
  const most = new Backoff(REFLECTOR_BACKOFF, clock, () => 1);
  const bases = [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000];
  expect(bases.map(() => least.next())).toEqual(bases);
  expect(bases.map(() => most.next())).toEqual(bases.map((base) => 2 * base));
});

test('only two minutes without a failure make the next failure the first again', () => {
  const clock = new ManualClock();
  const backoff = new Backoff(REFLECTOR_BACKOFF, clock, () => 0);
  backoff.next();
  clock.jump(120_000);
  expect(backoff.next()).toBe(1_600);
  clock.jump(120_001);
  expect(backoff.next()).toBe(800);
});
