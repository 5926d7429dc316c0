import type { Clock } from '../../async/clock.ts';
import { TokenBucket } from '../../async/token-bucket.ts';

/** Decides how long a key waits before it is tried again (client-go: workqueue.TypedRateLimiter). */
export interface RateLimiter {
  /** Records a failure of `key`; returns the delay in milliseconds before its next attempt. */
  when(key: string): number;
  /** Forgets the failures of `key`: it succeeded, or is given up. */
  forget(key: string): void;
  /** Failures of `key` since it was last forgotten. */
  numRequeues(key: string): number;
}

/** Parameters of {@link controllerRateLimiter}. */
export interface RateLimiterOptions {
  /** Delay after the first failure of a key; doubles with each further one. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** Retries per second over all keys, in the long run. */
  readonly qps: number;
  /** Retries that may happen at once before `qps` bites. */
  readonly burst: number;
}

/** client-go's DefaultTypedControllerRateLimiter. */
export const DEFAULT_RATE_LIMIT: RateLimiterOptions = {
  baseDelayMs: 5,
  maxDelayMs: 1_000_000,
  qps: 10,
  burst: 100,
};

/**
 * Per key exponential, over all keys a token bucket; the longer delay wins. The first keeps one broken object
 * from spinning, the second keeps a thousand broken objects from doing together what none may do alone.
 */
export function controllerRateLimiter(
  clock: Clock,
  options: RateLimiterOptions = DEFAULT_RATE_LIMIT,
): RateLimiter {
  const { baseDelayMs, maxDelayMs, qps, burst } = options;
  const failures = new Map<string, number>();
  const overall = new TokenBucket(qps, burst, clock);

  return {
    when(key) {
      const earlier = failures.get(key) ?? 0;
      failures.set(key, earlier + 1);
      const own = Math.min(baseDelayMs * 2 ** earlier, maxDelayMs);
      return Math.max(own, overall.reserve());
    },
    forget(key) {
      failures.delete(key);
    },
    numRequeues(key) {
      return failures.get(key) ?? 0;
    },
  };
}
