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
  /** What the error shows when it gives up, so that the failure explains itself. */
  readonly lastSeen?: () => unknown;
}

/**
 * Looks again and again until `look` returns something else than `undefined` or `false`, and returns that.
 * An error of `look` counts as "not yet"; the last one becomes the cause of the time-out's error.
 */
export async function poll<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 300_000, intervalMs = 25, signal, lastSeen }: PollOptions = {},
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
      const last = lastSeen === undefined ? '' : ` Seen last: ${asText(lastSeen())}`;
      throw new Error(`Waited ${timeoutMs} ms in vain for: ${what}.${last}`, { cause: problem });
    }
    await delay(intervalMs, undefined, signal ? { signal } : {});
  }
}

/**
 * Reads an object again and again until it fulfils the condition, and returns it. The error when it never
 * does shows the object as it was read last.
 */
export function pollObject<T>(
  what: string,
  read: () => Promise<T>,
  condition: (object: T) => boolean,
  options: PollOptions = {},
): Promise<T> {
  let object: T | undefined;
  const look = async (): Promise<T | undefined> => {
    object = await read();
    return condition(object) ? object : undefined;
  };
  return poll<T>(what, look, { lastSeen: () => object, ...options });
}

/** Longest text of an object in an error. */
const maxText = 16_384;

function asText(value: unknown): string {
  return (JSON.stringify(value, undefined, 1) ?? String(value)).slice(0, maxText);
}
