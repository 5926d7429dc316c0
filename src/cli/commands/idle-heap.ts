import type { Clock } from '../../async/clock.ts';

/** Options of {@link IdleHeap}. */
export interface IdleHeapOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** Milliseconds of CPU that the process has used since its start. */
  readonly cpuMs: () => number;
  /** Collects all garbage and gives empty pages back; nothing else runs meanwhile. */
  readonly collect: () => void;
}

/** Between two looks. A start is over after one of them, on most machines. */
const periodMs = 10_000;
/** A process that used less CPU than this in a period is idle: 5 %. */
const idleMs = periodMs / 20;
/** Less work than this leaves too little behind. */
const minWorkMs = 1_000;
/** A collection of a large heap takes long; work that took this many times longer has to come first. */
const minWorkPerCollection = 20;

/**
 * Gives back the memory that work leaves behind: the start, becoming leader, runs. V8 would come to it only
 * when the heap has grown further, which the heap of an idle process never does. It collects when the work is
 * over, once, and spends at most a twentieth of what the work took.
 */
export class IdleHeap implements Disposable {
  readonly #options: IdleHeapOptions;
  /** CPU at the last look and at the last collection. */
  #seenMs: number;
  #collectedMs = 0;
  /** Work that is worth the next collection; the start always is. */
  #dueMs = 0;
  #cancel: () => void;

  constructor(options: IdleHeapOptions) {
    this.#options = options;
    this.#seenMs = options.cpuMs();
    this.#cancel = this.#later();
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #later(): () => void {
    return this.#options.clock.after(periodMs, () => {
      this.#look();
      this.#cancel = this.#later();
    });
  }

  #look(): void {
    const { cpuMs, collect } = this.#options;
    const nowMs = cpuMs();
    const isIdle = nowMs - this.#seenMs < idleMs;
    this.#seenMs = nowMs;
    if (isIdle && nowMs - this.#collectedMs >= this.#dueMs) {
      collect();
      this.#seenMs = cpuMs();
      this.#collectedMs = this.#seenMs;
      this.#dueMs = Math.max(minWorkMs, minWorkPerCollection * (this.#seenMs - nowMs));
    }
  }
}
