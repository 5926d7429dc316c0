import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../recovery/request.ts';

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(ms, signal) {
    try {
      await sleep(ms, undefined, { signal });
    } catch (error) {
      // The contract promises the signal's reason; timers reject with an AbortError of their own.
      signal.throwIfAborted();
      throw error;
    }
  },
};
