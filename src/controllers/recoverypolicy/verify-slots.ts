import { Semaphore } from '../../async/semaphore.ts';
import { formatKey, type ObjectKey } from '../../kube/client/object-key.ts';
import type { RunSlots, Slot } from '../bootstraprecovery/run-slots.ts';

/**
 * The same places that runs have, for work that waits for one where it stands instead of coming back later. Looks and runs together
 * never exceed the limit, and are served in order of arrival. Looks have a limit of their own below that: those that wait for a
 * server that hangs must not keep runs from working.
 */
export class Places {
  readonly #slots: RunSlots;
  readonly #looks: Semaphore;
  readonly #waiting = new Map<string, () => void>();

  /** @param looks most looks at once, over all policies */
  constructor(slots: RunSlots, looks: number) {
    this.#slots = slots;
    this.#looks = new Semaphore(looks);
  }

  /** A place is kept for `key`. False when nobody here waits under it. */
  wake(key: ObjectKey): boolean {
    const go = this.#waiting.get(formatKey(key));
    go?.();
    return go !== undefined;
  }

  /**
   * A place for `key`, in its turn. Rejects with the reason of `signal` when that aborts first; nothing is kept then.
   *
   * @param key one that no run has
   */
  async acquire(key: ObjectKey, signal: AbortSignal): Promise<Slot> {
    const done = await this.#looks.acquire(1, signal);
    try {
      const place = await this.#place(key, signal);
      return {
        release() {
          place.release();
          done();
        },
      };
    } catch (error) {
      done();
      throw error;
    }
  }

  async #place(key: ObjectKey, signal: AbortSignal): Promise<Slot> {
    const name = formatKey(key);
    // A look takes a place among all, but keeps no run of the same app waiting: it only reads.
    const work = `look:${name}`;
    try {
      for (;;) {
        signal.throwIfAborted();
        const place = this.#slots.acquire(key, work);
        if ('release' in place) {
          return place;
        }
        await this.#turn(name, signal);
      }
    } catch (error) {
      // A place may have been kept for it at that very moment.
      this.#slots.forget(key);
      throw error;
    }
  }

  #turn(name: string, signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(name, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
    }).finally(() => this.#waiting.delete(name));
  }
}
