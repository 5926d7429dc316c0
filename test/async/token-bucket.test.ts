import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import { TokenBucket } from '../../src/async/token-bucket.ts';

test('in any window, no more tokens are used than the burst and what has flowed in', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 100 }),
      (perSecond, burst, pauses) => {
        let now = 0;
        const limiter = new TokenBucket(perSecond, burst, { ...systemClock, monotonic: () => now });
        const used = pauses.map((pause) => {
          now += pause;
          return now + limiter.reserve();
        });
        for (let i = 0; i < used.length; i++) {
          for (let j = i; j < used.length; j++) {
            const window = (used[j] ?? 0) - (used[i] ?? 0);
            expect(j - i + 1).toBeLessThanOrEqual(burst + 1 + (window * perSecond) / 1000 + 1e-6);
          }
        }
      },
    ),
  );
});

test('an idle limiter saves up no more than its burst', () => {
  let now = 0;
  const limiter = new TokenBucket(10, 3, { ...systemClock, monotonic: () => now });
  now = 3_600_000;
  expect([1, 2, 3, 4, 5].map(() => limiter.reserve())).toEqual([0, 0, 0, 100, 200]);
});

test('a wait ends with the reason of the signal', async () => {
  const limiter = new TokenBucket(0.001, 1);
  await limiter.take();
  const caller = new AbortController();
  const second = limiter.take(caller.signal);
  const reason = new Error('cancelled');
  caller.abort(reason);
  await expect(second).rejects.toBe(reason);
});
