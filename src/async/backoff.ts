import type { Clock } from './clock.ts';

/** Shape of an exponential backoff, in milliseconds. */
export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Quiet time after which the next failure counts as the first. */
  readonly resetAfterMs: number;
}

/** client-go's reflector: at most about one request in 30 s against a server that stays down. */
export const REFLECTOR_BACKOFF: BackoffOptions = { initialMs: 800, maxMs: 30_000, resetAfterMs: 120_000 };

/**
 * Doubling delays with full jitter: the delay after n failures lies between base and twice the base, where
 * base is initial × 2ⁿ up to the maximum. Starts over after a time without failures, not after the first
 * success, so that a server which accepts and drops connections is not hammered.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  #baseMs: number;
  #lastFailureAt = Number.NEGATIVE_INFINITY;

  /** @param random uniform in [0, 1) */
  constructor(options: BackoffOptions, clock: Clock, random: () => number) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#baseMs = options.initialMs;
  }

  /** Records a failure; returns how many milliseconds to wait before the next attempt. */
  next(): number {
    const now = this.#clock.monotonic();
    if (now - this.#lastFailureAt > this.#options.resetAfterMs) {
      this.#baseMs = this.#options.initialMs;
    }
    this.#lastFailureAt = now;
    const base = this.#baseMs;
    this.#baseMs = Math.min(base * 2, this.#options.maxMs);
    return base * (1 + this.#random());
  }

  /** The next failure counts as the first: what was reached has served for long enough. */
  reset(): void {
    this.#baseMs = this.#options.initialMs;
  }
}
