import type { Clock } from '../../async/clock.ts';

/** What a process takes, as {@link IdleHeap} counts it. */
export interface ProcessUsage {
  /** Milliseconds of CPU since its start. */
  readonly cpuMs: number;
  /** Bytes of V8's heap, with garbage and empty pages. */
  readonly heapBytes: number;
}

/** Options of {@link IdleHeap}. */
export interface IdleHeapOptions {
  readonly clock: Pick<Clock, 'after'>;
  readonly usage: () => ProcessUsage;
  /** Collects all garbage and gives empty pages back; nothing else runs meanwhile. */
  readonly collect: () => void;
}

/** Between two looks. A start is over after one of them, on most machines. */
const periodMs = 10_000;
/** A process that used less CPU than this in a period is idle: 5 %. */
const idleMs = periodMs / 20;
/** The heap has grown when it has by so much, and by this share of what the last collection left. */
const minGrowthBytes = 8 * 2 ** 20;
const minGrowthShare = 0.25;
/**
 * Work that leaves a heap as large as it was may leave it empty. It has to take as long as this many
 * collections, and a collection counts for so many milliseconds at least.
 */
const minWorkPerCollection = 20;
const minCollectionMs = 50;

/**
 * Gives back the memory that work leaves behind: the start, becoming leader, runs. V8 would come to it only
 * when the heap has grown further, which the heap of an idle process never does. It collects when the work is
 * over, once, and only when the work was worth it.
 */
export class IdleHeap implements Disposable {
  readonly #options: IdleHeapOptions;
  /** CPU at the last look. */
  #seenMs: number;
  /** What the last collection left, and what it cost. Before the first, nothing: the start is worth one. */
  #left: ProcessUsage = { cpuMs: 0, heapBytes: 0 };
  #costMs = 0;
  #cancel: () => void;

  constructor(options: IdleHeapOptions) {
    this.#options = options;
    this.#seenMs = options.usage().cpuMs;
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
    const { usage, collect } = this.#options;
    const now = usage();
    const isIdle = now.cpuMs - this.#seenMs < idleMs;
    this.#seenMs = now.cpuMs;
    if (isIdle && this.#isWorthIt(now)) {
      collect();
      this.#left = usage();
      this.#costMs = this.#left.cpuMs - now.cpuMs;
      this.#seenMs = this.#left.cpuMs;
    }
  }

  #isWorthIt({ cpuMs, heapBytes }: ProcessUsage): boolean {
    const { heapBytes: leftBytes, cpuMs: leftMs } = this.#left;
    const hasGrown = heapBytes - leftBytes >= Math.max(minGrowthBytes, minGrowthShare * leftBytes);
    return hasGrown || cpuMs - leftMs >= minWorkPerCollection * Math.max(this.#costMs, minCollectionMs);
  }
}
