import type { Clock } from './clock.ts';

/** How a {@link RenewedValue} is read. */
export interface RenewedValueOptions<T> {
  readonly initial: T;
  /** Reads it again; may reject. */
  readonly read: () => Promise<T>;
  /** Age in milliseconds from which it is read again. */
  readonly maxAgeMs: number;
  readonly clock: Clock;
  /** Called at the first failure of a row, and with undefined when a reading succeeds again. */
  readonly onProblem: (error: unknown) => void;
}

/**
 * A value from outside that something else renews, such as the files of a mounted Secret. It is read again
 * when it is asked for and has grown old; where that fails, the last good one stays in use. However many ask
 * at once, it is read once.
 */
export class RenewedValue<T> {
  readonly #options: RenewedValueOptions<T>;
  #value: T;
  #readAt: number;
  #reading: Promise<void> | undefined;
  #failing = false;

  constructor(options: RenewedValueOptions<T>) {
    this.#options = options;
    this.#value = options.initial;
    this.#readAt = options.clock.monotonic();
  }

  /** The value, no older than it may be. */
  async current(): Promise<T> {
    const { clock, maxAgeMs } = this.#options;
    if (clock.monotonic() - this.#readAt >= maxAgeMs) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#value;
  }

  async #read(): Promise<void> {
    const { clock, read, onProblem } = this.#options;
    try {
      this.#value = await read();
      if (this.#failing) {
        onProblem(undefined);
      }
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        onProblem(error);
      }
      this.#failing = true;
    }
    this.#readAt = clock.monotonic();
  }
}
