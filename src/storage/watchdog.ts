import { TransientError } from '../errors.ts';

/**
 * Ends one try of a request when the store goes quiet. A limit on silence instead of on the whole request
 * lets a 60 MB file over a slow line succeed and gives up a dead connection after seconds.
 *
 * One timer and one abort listener per try, both removed by {@link close}: 16,384 requests under the signal
 * of one run must not leave 16,384 listeners on it.
 */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = () => this.#controller.abort(this.#parent?.reason);
  #bytes = 0;
  #held = false;
  #expired: TransientError | undefined;

  /**
   * @param idleMs milliseconds without a byte
   * @param subject for the message: `s3://bucket/key`
   */
  constructor(idleMs: number, subject: string, parent: AbortSignal | undefined) {
    this.#parent = parent;
    parent?.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = setTimeout(() => {
      if (this.#held) {
        return;
      }
      this.#expired = new TransientError(
        'StorageUnreachable',
        `The store sent nothing for ${idleMs / 1000} s while ${subject} was read. Check the network and the health of the store.`,
      );
      this.#controller.abort(this.#expired);
    }, idleMs);
  }

  /** Aborts when the caller gives up or the store goes quiet. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The time-out that ended this try, if one did: an aborted request fails with some AbortError instead. */
  get expired(): TransientError | undefined {
    return this.#expired;
  }

  /** Bytes that have arrived. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes arrived: the silence starts anew. */
  fed(bytes: number): void {
    this.#bytes += bytes;
    this.#timer.refresh();
  }

  /** Waits for something that isn't the store's doing; the silence meanwhile doesn't count. */
  async hold<T>(wait: Promise<T>): Promise<T> {
    this.#held = true;
    try {
      return await wait;
    } finally {
      this.#held = false;
      this.#timer.refresh();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#parent?.removeEventListener('abort', this.#onAbort);
  }
}
