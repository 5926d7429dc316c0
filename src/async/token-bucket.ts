import { type Clock, systemClock } from './clock.ts';
import { sleep } from './sleep.ts';

/**
 * A token bucket: `perSecond` tokens flow in, at most `burst` are saved up. Three ways to take from it: on
 * credit with {@link reserve}, only when there is enough with {@link tryTake}, and waiting in order with
 * {@link take}. Reads the monotonic clock, so a corrected system clock neither stalls nor floods what is
 * protected.
 */
export class TokenBucket {
  readonly #msPerToken: number;
  readonly #burstMs: number;
  readonly #clock: Clock;
  /** When the tokens taken so far will have flowed in again: GCRA's "theoretical arrival time". */
  #refilledAt = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number, burst: number, clock: Clock = systemClock) {
    this.#msPerToken = 1000 / perSecond;
    this.#burstMs = this.#msPerToken * Math.max(1, burst);
    this.#clock = clock;
  }

  /**
   * Takes one token now, on credit if there is none, and returns how many milliseconds to wait before using
   * it.
   */
  reserve(): number {
    const now = this.#clock.monotonic();
    this.#refilledAt = Math.max(this.#refilledAt, now) + this.#msPerToken;
    return Math.max(0, this.#refilledAt - now - this.#burstMs);
  }

  /**
   * Takes `tokens` and returns 0; takes none when there are too few, and returns in how many milliseconds
   * there are enough.
   */
  tryTake(tokens: number): number {
    const now = this.#clock.monotonic();
    const after = Math.max(this.#refilledAt, now) + tokens * this.#msPerToken;
    const missingMs = after - now - this.#burstMs;
    if (missingMs > 0) {
      return missingMs;
    }
    this.#refilledAt = after;
    return 0;
  }

  /**
   * Takes one token and resolves when it may be used; rejects with the signal's reason when that aborts
   * first.
   */
  async take(signal?: AbortSignal): Promise<void> {
    const waitMs = this.reserve();
    if (waitMs > 0) {
      await sleep(this.#clock, waitMs, signal);
    }
  }

  /** True when nothing is missing: a new bucket would behave the same. */
  get isFull(): boolean {
    return this.#refilledAt <= this.#clock.monotonic();
  }
}
