import { setTimeout as delay } from 'node:timers/promises';

/** How long {@link poll} polls, and how often. */
export interface PollOptions {
  /**
   * Milliseconds until it gives up. Generous by default, for the slowest machine; a failing test waits, a
   * passing one doesn't.
   */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks. */
  readonly intervalMs?: number;
  /** Ends the wait early with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again until `look` returns something else than `undefined` or `false`, and returns that.
 * An error of `look` counts as "not yet"; the last one becomes the cause of the time-out's error.
 */
export async function poll<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 120_000, intervalMs = 25, signal }: PollOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    let problem: unknown;
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) {
        return seen;
      }
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`Waited ${timeoutMs} ms in vain for: ${what}.`, { cause: problem });
    }
    await delay(intervalMs, undefined, signal ? { signal } : {});
  }
}
