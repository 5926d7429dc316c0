import { expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import { CallerRateLimiter } from '../../src/shim/caller-rate-limiter.ts';

test('an admin can use up a minute at once, and gets it back over a minute', () => {
  let now = 0;
  const limiter = new CallerRateLimiter({ perMinute: 60 }, { ...systemClock, monotonic: () => now });
  for (let request = 0; request < 60; request += 1) {
    expect(limiter.take('alice', 1)).toBe(0);
  }
  expect(limiter.take('alice', 1)).toBeCloseTo(1);
  expect(limiter.take('alice', 10)).toBeCloseTo(10);
  expect(limiter.take('bob', 60)).toBe(0);
  now += 5_000;
  expect(limiter.take('alice', 5)).toBe(0);
  expect(limiter.take('alice', 5)).toBeGreaterThan(0);
  now += 3_600_000;
  expect(limiter.take('alice', 60)).toBe(0);
  expect(limiter.take('alice', 1)).toBeGreaterThan(0);
});

test('asking in vain costs nothing', () => {
  let now = 0;
  const limiter = new CallerRateLimiter({ perMinute: 60 }, { ...systemClock, monotonic: () => now });
  expect(limiter.take('alice', 60)).toBe(0);
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    expect(limiter.take('alice', 10)).toBeGreaterThan(0);
  }
  now += 10_000;
  expect(limiter.take('alice', 10)).toBe(0);
});

test('a hundred thousand names do not wipe out what one of them has used', () => {
  const limiter = new CallerRateLimiter({ perMinute: 60 }, { ...systemClock, monotonic: () => 0 });
  expect(limiter.take('alice', 60)).toBe(0);
  for (let name = 0; name < 100_000; name += 1) {
    limiter.take(`name-${name}`, 0);
  }
  expect(limiter.take('alice', 1)).toBeGreaterThan(0);
});
