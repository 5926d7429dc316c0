import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop runs, over a sliding window. Disposing of it stops the measurement. */
export class EventLoopMonitor implements Disposable {
  readonly #windowMs: number;
  readonly #monotonic: () => number;
  readonly #histogram: ReturnType<typeof monitorEventLoopDelay>;
  #since: number;
  /** 99th percentile of the window before the present one. */
  #last = 0;

  /**
   * @param windowMs after which a percentile is taken and a new window begun; one block weighs less in a
   *   longer one
   * @param monotonic milliseconds
   */
  constructor(windowMs: number, monotonic: () => number) {
    this.#windowMs = windowMs;
    this.#monotonic = monotonic;
    this.#histogram = monitorEventLoopDelay({ resolution: 20 });
    this.#histogram.enable();
    this.#since = monotonic();
  }

  /** 99th percentile of the delay, in milliseconds; 0 until the first window is full. */
  get p99Ms(): number {
    if (this.#monotonic() - this.#since >= this.#windowMs) {
      this.#last = this.#histogram.percentile(99) / 1e6;
      this.#histogram.reset();
      this.#since = this.#monotonic();
    }
    return this.#last;
  }

  [Symbol.dispose](): void {
    this.#histogram.disable();
  }
}
