import fc from 'fast-check';
import { expect, test } from 'vitest';
import { controllerRateLimiter, DEFAULT_RATE_LIMIT } from '../../src/kube/workqueue/rate-limiter.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';

test('the delay of a failing key doubles from 5 ms and stops at 1000 s, exactly', () => {
  const clock = new ManualClock();
  const limiter = controllerRateLimiter(clock);
  const delays = Array.from({ length: 20 }, () => limiter.when('a'));
  const doubling = Array.from({ length: 18 }, (_, failures) => 5 * 2 ** failures);
  expect(delays).toEqual([...doubling, 1_000_000, 1_000_000]);
  expect(limiter.numRequeues('a')).toBe(20);
});

test('a key that succeeded starts again at 5 ms', () => {
  const limiter = controllerRateLimiter(new ManualClock());
  limiter.when('a');
  limiter.when('a');
  limiter.forget('a');
  expect(limiter.numRequeues('a')).toBe(0);
  expect(limiter.when('a')).toBe(5);
});

test('a hundred keys may fail at once, then ten a second', () => {
  const limiter = controllerRateLimiter(new ManualClock());
  const delays = Array.from({ length: 103 }, (_, index) => limiter.when(`key-${index}`));
  expect(delays.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 5));
  expect(delays.slice(100)).toEqual([100, 200, 300]);
});

test('over any time, retries never exceed the burst plus ten a second', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 400 }), (pauses) => {
      const clock = new ManualClock();
      const { qps, burst } = DEFAULT_RATE_LIMIT;
      const limiter = controllerRateLimiter(clock);
      const retryTimes = pauses.map((pause, index) => {
        clock.jump(pause);
        return clock.monotonic() + limiter.when(`key-${index}`);
      });
      for (const until of retryTimes) {
        const soFar = retryTimes.filter((time) => time <= until).length;
        // 5 ms: the delay of each key's own first failure, by which the bucket's answer may be exceeded.
        expect(soFar).toBeLessThanOrEqual(burst + (until / 1000) * qps + 1);
      }
    }),
    { numRuns: 50 },
  );
});
