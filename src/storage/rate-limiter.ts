import { pause } from './pause.ts';

/**
 * A token bucket: `perSecond` tokens flow in, at most `burst` are saved up. Callers are served in order.
 * Reads a monotonic clock in milliseconds, so a corrected system clock neither stalls nor floods the store.
 */
export class RateLimiter {
  readonly #msPerToken: number;
  readonly #burstMs: number;
  readonly #now: () => number;
  /** When the tokens handed out so far will have flowed in again: GCRA's "theoretical arrival time". */
  #nextFree = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number, burst: number, now: () => number = () => performance.now()) {
    this.#msPerToken = 1000 / perSecond;
    this.#burstMs = this.#msPerToken * Math.max(1, burst);
    this.#now = now;
  }

  /** Takes one token now and says how many milliseconds to wait before using it. */
  reserve(): number {
    const now = this.#now();
    this.#nextFree = Math.max(this.#nextFree, now) + this.#msPerToken;
    return Math.max(0, this.#nextFree - now - this.#burstMs);
  }

  /** Takes one token and resolves when it may be used; rejects with the signal's reason when aborted. */
  async take(signal?: AbortSignal): Promise<void> {
    const wait = this.reserve();
    if (wait > 0) {
      await pause(wait, signal);
    }
  }
}
