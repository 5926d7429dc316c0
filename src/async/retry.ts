import { TransientError } from '../errors.ts';
import { systemClock } from './clock.ts';
import { sleep } from './sleep.ts';

/** When and how often a request is tried again. */
export interface RetryPolicy {
  /** Tries in all, the first one included. */
  readonly maxAttempts: number;
  /** The n-th wait is random between 0 and `backoffMs · 2^(n−1)`, at most {@link maxBackoffMs}. */
  readonly backoffMs: number;
  /** Uniform in [0, 1); handed in so that tests can fix it. */
  readonly random: () => number;
}

/** No wait is longer, whatever the exponent or the server says. */
export const maxBackoffMs = 20_000;

/**
 * Full jitter: the whole wait is random, because clients that were throttled together must not come back
 * together. A server's own Retry-After is a floor.
 */
export function backoff(policy: RetryPolicy, attempt: number, retryAfterMs = 0): number {
  const bound = Math.min(maxBackoffMs, policy.backoffMs * 2 ** (attempt - 1));
  return Math.min(maxBackoffMs, Math.max(retryAfterMs, policy.random() * bound));
}

/**
 * Runs `attempt` until it succeeds, fails with something that is not a {@link TransientError}, or has been
 * tried `maxAttempts` times; then rejects with the last failure.
 *
 * @param retryAfter milliseconds a failure asks for, 0 when it asks for nothing
 */
export async function retry<T>(
  policy: RetryPolicy,
  attempt: (number: number) => Promise<T>,
  retryAfter: (error: TransientError) => number,
  signal?: AbortSignal,
): Promise<T> {
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TransientError) || number >= policy.maxAttempts) {
        throw error;
      }
      await sleep(systemClock, backoff(policy, number, retryAfter(error)), signal);
    }
  }
}
