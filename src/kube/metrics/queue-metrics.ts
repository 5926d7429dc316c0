import type { Clock } from '../../async/clock.ts';
import type { RuntimeMetrics } from './runtime-metrics.ts';

/** Options of {@link QueueMetrics}. */
export interface QueueMetricsOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

/** Where the time of keys goes, as client-go's work queue measures it (util/workqueue, queueMetrics). */
export class QueueMetrics {
  readonly #metrics: RuntimeMetrics;
  readonly #clock: Clock;
  readonly #labels: { readonly name: string; readonly controller: string };
  readonly #stopRefresh: () => void;
  readonly #addedAt = new Map<string, number>();
  readonly #startedAt = new Map<string, number>();

  constructor({ name, clock, metrics }: QueueMetricsOptions) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#labels = { name, controller: name };
    this.#stopRefresh = metrics.onScrape(() => this.#refresh());
    this.depth(0);
  }

  /** Keys ready to be handed out. */
  depth(size: number): void {
    // controller-runtime fills `priority` for its priority queue only; a plain queue has the empty one.
    this.#metrics.queueDepth.set({ ...this.#labels, priority: '' }, size);
  }

  added(key: string): void {
    this.#metrics.queueAdds.inc(this.#labels);
    this.#addedAt.set(key, this.#clock.monotonic());
  }

  retried(): void {
    this.#metrics.queueRetries.inc(this.#labels);
  }

  handedOut(key: string): void {
    const now = this.#clock.monotonic();
    this.#metrics.queueDuration.observe(this.#labels, (now - (this.#addedAt.get(key) ?? now)) / 1000);
    this.#addedAt.delete(key);
    this.#startedAt.set(key, now);
  }

  done(key: string): void {
    const now = this.#clock.monotonic();
    this.#metrics.workDuration.observe(this.#labels, (now - (this.#startedAt.get(key) ?? now)) / 1000);
    this.#startedAt.delete(key);
  }

  /** Nothing is worked on any more, and nothing is added. */
  close(): void {
    this.#stopRefresh();
    this.#refresh();
  }

  #refresh(): void {
    const now = this.#clock.monotonic();
    const seconds = [...this.#startedAt.values()].map((startedAt) => (now - startedAt) / 1000);
    this.#metrics.unfinishedWork.set(
      this.#labels,
      seconds.reduce((sum, each) => sum + each, 0),
    );
    this.#metrics.longestRunningProcessor.set(this.#labels, Math.max(0, ...seconds));
  }
}
