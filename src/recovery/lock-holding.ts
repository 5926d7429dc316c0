import type { Clock } from '../async/clock.ts';
import { sleep } from '../async/sleep.ts';
import { TransientError } from '../errors.ts';
import type { Lock, StateStore } from '../redis/state-store.ts';

/**
 * Keeps a lock alive from R7 to R10 by renewing it at a third of its life. Renewal only spares others the
 * wait for a lock that ran out; it is not what keeps writes safe: the script compares the lock's owner in the
 * same atomic step, so a holder that was paused writes nothing whatever it believes.
 */
export class LockHolding {
  readonly lock: Lock;
  readonly #stop = new AbortController();
  readonly #renewing: Promise<void>;

  constructor(lock: Lock, store: Pick<StateStore, 'renew'>, clock: Clock) {
    this.lock = lock;
    this.#renewing = this.#renew(store, clock);
  }

  /**
   * Ends the renewal; afterwards nothing of this holding touches Redis any more. Does not release the lock.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
  }

  async #renew(store: Pick<StateStore, 'renew'>, clock: Clock): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await sleep(clock, this.lock.ttlMs / 3, signal);
        // Lost: the script will say so to whom it matters.
        if (!(await store.renew(this.lock))) {
          return;
        }
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        // Two more thirds are left to try in, and every command of the run meets the same trouble and reports
        // it.
        if (!(error instanceof TransientError)) {
          return;
        }
      }
    }
  }
}
