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
  /** Whose a key is, for taking turns: a namespace. Left out: all keys stand in one line. */
  readonly lineOf?: (key: string) => string;
  /** Keys of one line handed out at once; no limit unless given. */
  readonly maxPerLine?: number;
}

/**
 * client-go's rate-limiting work queue. It holds keys, not objects or events: a key says "look at this
 * again", and saying it twice before a worker took it is the same as saying it once.
 *
 * - A key handed out by {@link get} is not handed out again before {@link done}.
 * - A key added in between is remembered, and queued exactly once by {@link done}.
 * - Nothing is lost: after {@link shutDown} no key is accepted any more, and all accepted ones are still
 *   handed out.
 *
 * Unlike client-go's, lines take turns: a namespace with a thousand ready keys delays a key of another by one
 * turn, and one whose keys take long never has all workers.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics;
  readonly #rateLimiter: RateLimiter;
  readonly #lineOf: (key: string) => string;
  readonly #maxPerLine: number;
  /**
   * Ready keys by line, in order of arrival; each is in `#dirty`, none is in `#processing`. The line whose
   * turn it is comes first.
   */
  readonly #lines = new Map<string, Set<string>>();
  #length = 0;
  /** How many keys of a line are handed out. */
  readonly #handedOut = new Map<string, number>();
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
    this.#lineOf = options.lineOf ?? (() => '');
    this.#maxPerLine = options.maxPerLine ?? Number.POSITIVE_INFINITY;
  }

  /** Keys ready to be handed out. */
  get length(): number {
    return this.#length;
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
    const key = this.#next();
    if (key !== undefined) {
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
    const line = this.#lineOf(key);
    const left = (this.#handedOut.get(line) ?? 1) - 1;
    if (left === 0) {
      this.#handedOut.delete(line);
    } else {
      this.#handedOut.set(line, left);
    }
    if (this.#dirty.has(key)) {
      this.#enqueue(key);
    } else {
      // Its line may have stood still because of it.
      this.#serve();
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
    this.#serve();
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
    const line = this.#lineOf(key);
    const keys = this.#lines.get(line) ?? new Set<string>();
    this.#lines.set(line, keys.add(key));
    this.#length += 1;
    this.#metrics.depth(this.#length);
    this.#serve();
  }

  /** Gives the keys that may be handed out to those who wait for one. */
  #serve(): void {
    while (this.#getters.length > 0) {
      const key = this.#next();
      if (key === undefined) {
        return;
      }
      this.#getters.shift()?.(key);
    }
  }

  /** Hands out the first key of the first line that may have one more; that line then comes last. */
  #next(): string | undefined {
    for (const [line, keys] of this.#lines) {
      const [key] = keys;
      // What is left when it is shut down goes to those who still ask.
      const mayHave = this.#shuttingDown || (this.#handedOut.get(line) ?? 0) < this.#maxPerLine;
      if (key === undefined || !mayHave) {
        continue;
      }
      this.#lines.delete(line);
      keys.delete(key);
      if (keys.size > 0) {
        this.#lines.set(line, keys);
      }
      this.#length -= 1;
      this.#handedOut.set(line, (this.#handedOut.get(line) ?? 0) + 1);
      this.#handOut(key);
      return key;
    }
    return undefined;
  }

  #handOut(key: string): void {
    this.#dirty.delete(key);
    this.#processing.add(key);
    this.#metrics.handedOut(key);
    this.#metrics.depth(this.#length);
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
