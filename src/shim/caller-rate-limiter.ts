import type { Clock } from '../async/clock.ts';
import { TokenBucket } from '../async/token-bucket.ts';

/** How much one admin may ask for. */
export interface CallerRateLimit {
  /**
   * Tokens that come back in a minute, and the most that can be saved up. A request takes as many as its
   * route costs.
   */
  readonly perMinute: number;
}

/**
 * Buckets kept at most; beyond that, full ones are dropped, which changes nothing, and then the oldest ones.
 */
const MAX_BUCKETS = 10_000;

/** A token bucket for each admin. */
export class CallerRateLimiter {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor({ perMinute }: CallerRateLimit, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /**
   * Takes `cost` tokens of `admin`'s bucket. Returns 0, or how many seconds it takes until there are enough.
   */
  take(admin: string, cost: number): number {
    const bucket = this.#buckets.get(admin) ?? this.#newBucket(admin);
    return bucket.tryTake(cost) / 1000;
  }

  #newBucket(admin: string): TokenBucket {
    if (this.#buckets.size >= MAX_BUCKETS) {
      for (const [name, bucket] of this.#buckets) {
        if (bucket.isFull) {
          this.#buckets.delete(name);
        }
      }
      for (const oldest of this.#buckets.keys()) {
        if (this.#buckets.size < MAX_BUCKETS) {
          break;
        }
        this.#buckets.delete(oldest);
      }
    }
    const bucket = new TokenBucket(this.#perMinute / 60, this.#perMinute, this.#clock);
    this.#buckets.set(admin, bucket);
    return bucket;
  }
}
