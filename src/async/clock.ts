/**
 * Time as this library sees it: handed in, so that a test can hold it still. Two readings, never mixed: the
 * wall clock is only ever written into objects for people to read, the monotonic one is the only one
 * compared, because the wall clock jumps (NTP, suspended laptops) and a lease must not be won or lost by a
 * jump.
 */
export interface Clock {
  /** Wall-clock time, for timestamps in objects and logs. */
  now(): Date;
  /** Milliseconds since an arbitrary point; never goes back. Only differences mean anything. */
  monotonic(): number;
  /**
   * Calls `callback` once, `delayMs` from now (any length, months included). The returned function cancels
   * it.
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** Longest delay one Node.js timer holds; a longer one would fire at once (32-bit overflow). */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    let timer: NodeJS.Timeout;
    const arm = (remainingMs: number): void => {
      timer =
        remainingMs > MAX_TIMER_MS
          ? setTimeout(() => arm(remainingMs - MAX_TIMER_MS), MAX_TIMER_MS)
          : setTimeout(callback, Math.max(0, remainingMs));
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};
