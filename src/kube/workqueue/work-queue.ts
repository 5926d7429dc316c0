import type { Clock } from '../../async/clock.ts';
import { QueueMetrics } from '../metrics/queue-metrics.ts';
import type { RuntimeMetrics } from '../metrics/runtime-metrics.ts';
import { controllerRateLimiter, type RateLimiter } from './rate-limiter.ts';

/** Options of {@link WorkQueue}. */
export interface WorkQueueOptions {
  /** Label of the queue's metrics. */
  readonly name: string;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
  readonly rateLimiter?: RateLimiter;
}

/**
 * client-go's rate-limiting work queue. It holds keys, not objects or events: a key says "look at this
 * again", and saying it twice before a worker took it is the same as saying it once.
 *
 * - A key handed out by {@link get} is not handed out again before {@link done}.
 * - A key added in between is remembered, and queued exactly once by {@link done}.
 * - Nothing is lost: after {@link shutDown} no key is accepted any more, and all accepted ones are still
 *   handed out.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics;
  readonly #rateLimiter: RateLimiter;
  /** Ready keys in order of arrival; each is in `#dirty`, none is in `#processing`. */
  readonly #queue = new Set<string>();
  /** Keys that need a look, whether queued or waiting for their current run to end. */
  readonly #dirty = new Set<string>();
  /** Keys handed out and not yet done. */
  readonly #processing = new Set<string>();
  /** Keys that become ready later. */
  readonly #waiting = new Map<string, { readonly readyAt: number; readonly cancel: () => void }>();
  readonly #getters: ((key: string | undefined) => void)[] = [];
  readonly #drained: (() => void)[] = [];
  #shuttingDown = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#metrics = new QueueMetrics(options);
    this.#rateLimiter = options.rateLimiter ?? controllerRateLimiter(options.clock);
  }

  /** Keys ready to be handed out. */
  get length(): number {
    return this.#queue.size;
  }

  get shuttingDown(): boolean {
    return this.#shuttingDown;
  }

  /** Asks for `key` to be handed out. */
  add(key: string): void {
    if (this.#shuttingDown || this.#dirty.has(key)) {
      return;
    }
    this.#metrics.added(key);
    this.#dirty.add(key);
    if (!this.#processing.has(key)) {
      this.#enqueue(key);
    }
  }

  /** Adds `key` after `delayMs`. Of several delays of one key the soonest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#shuttingDown) {
      return;
    }
    this.#metrics.retried();
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const readyAt = this.#clock.monotonic() + delayMs;
    const earlier = this.#waiting.get(key);
    if (earlier !== undefined && earlier.readyAt <= readyAt) {
      return;
    }
    earlier?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#waiting.delete(key);
      this.add(key);
    });
    this.#waiting.set(key, { readyAt, cancel });
  }

  /** Adds `key` after the delay its failures earned it. */
  addRateLimited(key: string): void {
    this.addAfter(key, this.#rateLimiter.when(key));
  }

  /** Ends the count of failures of `key`. Does not take it out of the queue. */
  forget(key: string): void {
    this.#rateLimiter.forget(key);
  }

  /** Failures of `key` since it was last forgotten. */
  numRequeues(key: string): number {
    return this.#rateLimiter.numRequeues(key);
  }

  /**
   * The next key, as soon as there is one; undefined once the queue is shut down and empty. Answer with
   * {@link done}.
   */
  get(): Promise<string | undefined> {
    const [key] = this.#queue;
    if (key !== undefined) {
      this.#queue.delete(key);
      this.#handOut(key);
      return Promise.resolve(key);
    }
    if (this.#shuttingDown) {
      return Promise.resolve(undefined);
    }
    return new Promise((resolve) => this.#getters.push(resolve));
  }

  /** Ends the run of `key` that {@link get} began. */
  done(key: string): void {
    if (!this.#processing.delete(key)) {
      return;
    }
    this.#metrics.done(key);
    if (this.#dirty.has(key)) {
      this.#enqueue(key);
    }
    this.#settle();
  }

  /** Accepts no more keys and drops the delayed ones; ready keys are still handed out. */
  shutDown(): void {
    this.#shuttingDown = true;
    for (const { cancel } of this.#waiting.values()) {
      cancel();
    }
    this.#waiting.clear();
    for (const getter of this.#getters.splice(0)) {
      getter(undefined);
    }
    this.#settle();
  }

  /**
   * {@link shutDown}, then waits until every key is handed out and done. A worker must keep calling
   * {@link get}.
   */
  async shutDownWithDrain(): Promise<void> {
    this.shutDown();
    if (this.#processing.size + this.#dirty.size > 0) {
      await new Promise<void>((resolve) => this.#drained.push(resolve));
    }
  }

  #enqueue(key: string): void {
    const getter = this.#getters.shift();
    if (getter !== undefined) {
      this.#handOut(key);
      getter(key);
      return;
    }
    this.#queue.add(key);
    this.#metrics.depth(this.#queue.size);
  }

  #handOut(key: string): void {
    this.#dirty.delete(key);
    this.#processing.add(key);
    this.#metrics.handedOut(key);
    this.#metrics.depth(this.#queue.size);
  }

  #settle(): void {
    if (this.#shuttingDown && this.#processing.size + this.#dirty.size === 0) {
      this.#metrics.close();
      for (const resolve of this.#drained.splice(0)) {
        resolve();
      }
    }
  }
}
