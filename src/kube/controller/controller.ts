import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../async/clock.ts';
import { TimeoutSignal } from '../../async/timeout-signal.ts';
import { TerminalError } from '../../errors.ts';
import type { Cache } from '../cache/cache.ts';
import type { Informer } from '../cache/informer.ts';
import type { StoreEvent } from '../cache/store.ts';
import type { KubernetesObject } from '../client/object.ts';
import { formatObjectKey, type ObjectKey, parseObjectKey } from '../client/object-key.ts';
import { ControllerMetrics } from '../metrics/controller-metrics.ts';
import type { RuntimeMetrics } from '../metrics/runtime-metrics.ts';
import type { RateLimiter } from '../workqueue/rate-limiter.ts';
import { WorkQueue } from '../workqueue/work-queue.ts';
import type { KeyChannel } from './key-channel.ts';
import { isPanic } from './panic.ts';
import { type Reconciler, ReconcileTimeoutError } from './reconcile.ts';

/** Options of {@link Controller}. */
export interface ControllerOptions {
  /** Label in metrics and logs. */
  readonly name: string;
  readonly reconciler: Reconciler;
  /** Keys reconciled at the same time; 1 unless given. */
  readonly maxConcurrentReconciles?: number;
  /** Longest time one reconcile may take before its signal aborts; no limit unless given. */
  readonly reconcileTimeoutMs?: number;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly clock: Clock;
  readonly rateLimiter?: RateLimiter;
}

/** Which events of an informer concern a controller, and which of its keys each event concerns. */
export interface EventMapping<T extends KubernetesObject> {
  /** False: this event is of no interest. */
  readonly predicate?: (event: StoreEvent<T>) => boolean;
  /** The keys to look at; the object's own unless given. */
  readonly map?: (object: T) => readonly ObjectKey[];
}

/**
 * Turns changes into reconciles: informers put keys into a queue, workers take them out. Semantics, metric
 * names and log fields are controller-runtime's, but for the order: namespaces take turns, and of the workers
 * of a controller one namespace has three quarters at most.
 */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #logger: Logger;
  readonly #metrics: ControllerMetrics;
  readonly #queue: WorkQueue;
  readonly #informers = new Set<Cache>();
  /** Keys that come back when the caches have listed their namespace. */
  readonly #deferred = new Set<string>();
  #started = false;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#logger = options.logger.child({ controller: options.name });
    const { name, clock, metrics, rateLimiter } = options;
    const workers = options.maxConcurrentReconciles ?? 1;
    this.#queue = new WorkQueue({
      name,
      clock,
      metrics,
      ...(rateLimiter && { rateLimiter }),
      lineOf: (key) => parseObjectKey(key).namespace ?? '',
      maxPerLine: Math.max(1, workers - Math.ceil(workers / 4)),
    });
    this.#metrics = new ControllerMetrics(name, metrics, workers);
  }

  /** Has changes seen by `informer` reconciled. No key is before `informer` has listed its namespace. */
  watch<T extends KubernetesObject>(informer: Informer<T>, options: EventMapping<T> = {}): this {
    const map = options.map ?? ((object: T): readonly ObjectKey[] => [object.metadata]);
    this.#informers.add(informer);
    // The queue takes keys from here on, before any worker runs: what a standby has seen waits for it to
    // lead.
    informer.store.subscribe((event) => {
      if (!(options.predicate?.(event) ?? true)) {
        return;
      }
      // Of an update both states count: what the object pointed to before has to hear that it no longer does.
      const states = event.type === 'updated' ? [event.previous, event.object] : [event.object];
      for (const key of states.flatMap(map)) {
        this.enqueue(key);
      }
    });
    return this;
  }

  /** Has the keys that arrive on `channel` reconciled. */
  receive(channel: KeyChannel): this {
    channel.subscribe((key) => this.enqueue(key));
    return this;
  }

  /** Has one key reconciled, for triggers other than a watch. */
  enqueue(key: ObjectKey): void {
    this.#queue.add(formatObjectKey(key));
  }

  /** The same after so many milliseconds; of several delays of one key the soonest counts. */
  enqueueAfter(key: ObjectKey, delayMs: number): void {
    this.#queue.addAfter(formatObjectKey(key), delayMs);
  }

  /**
   * Works until `signal` aborts; returns when the reconciles then running have ended. A key waits until every
   * cache has listed its namespace, and no longer: a namespace whose permissions are missing holds up none of
   * the others. Keys left in the queue are not lost: they are a memory of state that the next leader lists
   * anew.
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#started) {
      throw new Error(`controller ${this.name} was started twice`);
    }
    this.#started = true;
    const count = this.#options.maxConcurrentReconciles ?? 1;
    this.#logger.info({ workers: count }, 'starting workers');
    const stop = (): void => this.#queue.shutDown();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) {
      stop();
    }
    await Promise.all(Array.from({ length: count }, () => this.#work(signal)));
    this.#logger.info('all workers finished');
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const key = await this.#queue.get();
      if (key === undefined) {
        return;
      }
      if (signal.aborted) {
        this.#queue.done(key);
        return;
      }
      if (this.#awaitsCaches(key)) {
        this.#queue.done(key);
        continue;
      }
      const idle = this.#metrics.busy();
      try {
        await this.#reconcile(key, signal);
      } finally {
        idle();
        this.#queue.done(key);
      }
    }
  }

  /**
   * Whether a cache has not listed the namespace of the key yet; the key comes back when all of them have.
   */
  #awaitsCaches(queueKey: string): boolean {
    const { namespace } = parseObjectKey(queueKey);
    const waiting = [...this.#informers].filter((cache) => !cache.hasSyncedFor(namespace));
    if (waiting.length === 0) {
      return false;
    }
    if (!this.#deferred.has(queueKey)) {
      this.#deferred.add(queueKey);
      void Promise.all(waiting.map((cache) => cache.syncedFor(namespace))).then(() => {
        this.#deferred.delete(queueKey);
        this.#queue.add(queueKey);
      });
    }
    return true;
  }

  async #reconcile(queueKey: string, signal: AbortSignal): Promise<void> {
    const { clock, reconciler, reconcileTimeoutMs } = this.#options;
    const key = parseObjectKey(queueKey);
    const reconcileID = randomUUID();
    const logger = this.#logger.child({ namespace: key.namespace, name: key.name, reconcileID });
    const startedAt = clock.monotonic();
    const timedOut = () => new ReconcileTimeoutError(reconcileTimeoutMs ?? 0);
    using deadline =
      reconcileTimeoutMs === undefined
        ? undefined
        : new TimeoutSignal(clock, reconcileTimeoutMs, timedOut, signal);
    const context = {
      signal: deadline?.signal ?? signal,
      logger,
      reconcileID,
      retries: this.#queue.numRequeues(queueKey),
    };
    try {
      const result = await reconciler.reconcile(key, context);
      this.#queue.forget(queueKey);
      const requeueAfterMs = result?.requeueAfterMs ?? 0;
      if (requeueAfterMs > 0) {
        this.#queue.addAfter(queueKey, requeueAfterMs);
      }
      this.#metrics.succeeded(requeueAfterMs > 0 ? 'requeue_after' : 'success');
    } catch (error) {
      if (signal.aborted && error === signal.reason) {
        logger.info({ reason: signal.reason }, 'reconcile stopped at a safe point');
      } else {
        this.#failed(queueKey, error, logger);
      }
    } finally {
      this.#metrics.took((clock.monotonic() - startedAt) / 1000, deadline?.expired ?? false);
    }
  }

  #failed(queueKey: string, error: unknown, logger: Logger): void {
    if (error instanceof TerminalError) {
      this.#metrics.failed('terminal');
      // Unlike controller-runtime: its memory of the failures would stay until the object's next success.
      this.#queue.forget(queueKey);
      logger.error({ err: error }, 'reconcile failed for good; waiting for a change');
      return;
    }
    this.#metrics.failed(isPanic(error) ? 'panic' : 'error');
    this.#queue.addRateLimited(queueKey);
    logger.error({ err: error }, 'reconcile failed; trying again');
  }
}
