/** How much one admin may ask for. */
export interface RateLimit {
  /** Tokens that come back in a minute, and the most that can be saved up. A request takes as many as its route costs. */
  readonly perMinute: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Buckets kept at most; beyond that, full ones are dropped, which changes nothing for anybody. */
const MAX_BUCKETS = 10_000;

/** A token bucket for each admin. */
export class RateLimiter {
  readonly #perMs: number;
  readonly #capacity: number;
  readonly #monotonic: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param monotonic milliseconds of a clock that never goes back. */
  constructor({ perMinute }: RateLimit, monotonic: () => number) {
    this.#capacity = perMinute;
    this.#perMs = perMinute / 60_000;
    this.#monotonic = monotonic;
  }

  /** Takes `cost` tokens of `admin`'s bucket. Returns 0, or how many seconds it takes until there are enough. */
  take(admin: string, cost: number): number {
    const now = this.#monotonic();
    const bucket = this.#buckets.get(admin) ?? this.#newBucket(admin, now);
    bucket.tokens = this.#tokensAt(bucket, now);
    bucket.at = now;
    if (bucket.tokens < cost) {
      return (cost - bucket.tokens) / this.#perMs / 1000;
    }
    bucket.tokens -= cost;
    return 0;
  }

  #newBucket(admin: string, now: number): Bucket {
    if (this.#buckets.size >= MAX_BUCKETS) {
      for (const [name, bucket] of this.#buckets) {
        if (this.#tokensAt(bucket, now) >= this.#capacity) {
          this.#buckets.delete(name);
        }
      }
    }
    const bucket = { tokens: this.#capacity, at: now };
    this.#buckets.set(admin, bucket);
    return bucket;
  }

  #tokensAt(bucket: Bucket, now: number): number {
    return Math.min(this.#capacity, bucket.tokens + (now - bucket.at) * this.#perMs);
  }
}
