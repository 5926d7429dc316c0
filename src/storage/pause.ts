import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after `ms`. Rejects with the signal's own reason when it aborts, not with the timer's AbortError. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
