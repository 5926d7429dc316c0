/**
 * A weighted semaphore, first come first served: bounds requests in flight (weight 1) and bytes in memory
 * (weight = bytes). A weight above the capacity waits for the whole capacity instead of for ever.
 */
export class Semaphore {
  readonly #capacity: number;
  #free: number;
  readonly #waiting = new Set<{ readonly weight: number; readonly admit: () => void }>();

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#free = capacity;
  }

  /**
   * Resolves when `weight` units are ours, with the function that gives them back (idempotent).
   * Rejects with the signal's reason when it aborts first; nothing is held then.
   */
  async acquire(weight: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const granted = Math.min(weight, this.#capacity);
    // A request that comes while others wait queues up behind them, or one large request could starve.
    if (this.#waiting.size > 0 || this.#free < granted) {
      await this.#wait(granted, signal);
    } else {
      this.#free -= granted;
    }
    let held = true;
    return () => {
      if (!held) {
        return;
      }
      held = false;
      this.#free += granted;
      this.#admitWaiting();
    };
  }

  #wait(weight: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = {
        weight,
        admit: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        this.#waiting.delete(waiter);
        reject(signal?.reason);
        // A large waiter at the head may have been all that held back the ones behind it.
        this.#admitWaiting();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  #admitWaiting(): void {
    // A Set iterates in insertion order, so this is the queue; deleting the current entry is safe.
    for (const waiter of this.#waiting) {
      if (waiter.weight > this.#free) {
        return;
      }
      this.#free -= waiter.weight;
      this.#waiting.delete(waiter);
      waiter.admit();
    }
  }
}
