import type { Logger } from 'pino';
import { Backoff } from '../../async/backoff.ts';
import type { Clock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import type { APIClient } from '../client/api-client.ts';
import { isExpired } from '../client/api-error.ts';
import type { ObjectSelector } from '../client/call-options.ts';
import type { KubernetesObject } from '../client/object.ts';
import { type Resource, resourceName } from '../client/resource.ts';
import type { RuntimeMetrics } from '../metrics/runtime-metrics.ts';
import { DEFAULT_REFLECTOR_TIMINGS, type ReflectorTimings } from './reflector-timings.ts';
import type { Store } from './store.ts';
import { WatchCursor } from './watch-cursor.ts';
import { isOutage, isTooLargeResourceVersion } from './watch-failure.ts';
import { WatchHealth } from './watch-health.ts';

/** Options of {@link Reflector}. */
export interface ReflectorOptions<T extends KubernetesObject> {
  readonly client: Pick<APIClient, 'list' | 'watch'>;
  readonly resource: Resource<T>;
  readonly selection?: ObjectSelector;
  readonly store: Store<T>;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timings?: Partial<ReflectorTimings>;
}

/** Why a full list is made. */
type RelistReason = 'initial' | 'expired' | 'error' | 'short_watches' | 'periodic';

/** This many short watches in a row are taken for an expired resourceVersion. */
const MAX_SHORT_WATCHES = 3;

/**
 * Keeps a {@link Store} equal to what the API server holds: lists, then watches from there, for as long as
 * the process lives. Nothing ends {@link run} but its signal; every failure is counted, logged and followed
 * by a jittered wait. A failed connection continues the watch where it was; anything that casts doubt on that
 * lists again.
 */
export class Reflector<T extends KubernetesObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #timings: ReflectorTimings;
  readonly #backoff: Backoff;
  readonly #health: WatchHealth;
  readonly #name: string;
  readonly #partition: string;
  readonly #cursor: WatchCursor<T>;
  #running = false;
  readonly #firstList = Promise.withResolvers<void>();

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#timings = { ...DEFAULT_REFLECTOR_TIMINGS, ...options.timings };
    this.#backoff = new Backoff(this.#timings.backoff, options.clock, options.random);
    this.#name = resourceName(options.resource);
    this.#partition = options.selection?.namespace ?? '';
    this.#cursor = new WatchCursor(options.resource, options.store, this.#partition);
    const logger = options.logger.child({ resource: this.#name, watchedNamespace: this.#partition });
    this.#health = new WatchHealth({ ...options, resource: this.#name, logger });
  }

  /** True once the store holds a complete list. */
  get hasSynced(): boolean {
    return this.#options.store.hasPartition(this.#partition);
  }

  /** Resolves when {@link hasSynced} becomes true. */
  get synced(): Promise<void> {
    return this.#firstList.promise;
  }

  /** What last went wrong, until something works again; for readiness messages. */
  get failure(): string | undefined {
    return this.#health.failure;
  }

  /**
   * Milliseconds since the loop last showed a sign of life: bytes from a watch, or an attempt that ended
   * either way.
   */
  get idleMs(): number {
    return this.#health.idleMs;
  }

  /**
   * Lists and watches until `signal` aborts, then returns. Runs once: a second loop would double every
   * request.
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#running) {
      throw new Error(`the reflector of ${this.#name} runs already`);
    }
    this.#running = true;
    const { metrics } = this.#options;
    const labels = { resource: this.#name, namespace: this.#partition };
    const stop = metrics.onScrape(() => metrics.watchLastActivity.set(labels, this.idleMs / 1000));
    try {
      let reason: RelistReason = 'initial';
      while (!signal.aborted) {
        reason = await this.#listAndWatch(reason, signal);
        await this.#pause(signal);
      }
    } finally {
      stop();
      metrics.watchLastActivity.remove(labels);
      this.#running = false;
    }
  }

  /** One list and the watches that continue it. Returns why the next list is needed. */
  async #listAndWatch(reason: RelistReason, signal: AbortSignal): Promise<RelistReason> {
    try {
      this.#options.metrics.relists.inc({ resource: this.#name, reason });
      await this.#list(signal);
      return await this.#watchUntilDoubt(this.#options.clock.monotonic(), signal);
    } catch (error) {
      if (signal.aborted) {
        return 'error';
      }
      this.#health.failed(error);
      if (isExpired(error)) {
        this.#cursor.forget();
        return 'expired';
      }
      return 'error';
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource, selection, store } = this.#options;
    const { resourceVersion: from } = this.#cursor;
    const list = (resourceVersion: string) =>
      client.list(resource, {
        ...selection,
        signal,
        keep: (object) => store.prepared(object),
        ...(resourceVersion !== '' && { resourceVersion }),
      });
    const result = await list(from).catch((error: unknown) => {
      // Expired, or newer than what the server we now talk to has seen: only the newest state helps.
      if (from !== '' && (isExpired(error) || isTooLargeResourceVersion(error))) {
        return list('');
      }
      throw error;
    });
    this.#cursor.replace(result);
    this.#firstList.resolve();
    this.#health.succeeded();
  }

  /** Watches, one watch after the other, for as long as that is sure to miss nothing. */
  async #watchUntilDoubt(listedAt: number, signal: AbortSignal): Promise<RelistReason> {
    const { clock } = this.#options;
    let shortWatches = 0;
    for (;;) {
      const startedAt = clock.monotonic();
      const end = await this.#watch(signal);
      const short = clock.monotonic() - startedAt < this.#timings.shortWatchMs;
      shortWatches = short && end === 'empty' ? shortWatches + 1 : 0;
      if (shortWatches >= MAX_SHORT_WATCHES) {
        this.#cursor.forget();
        return 'short_watches';
      }
      if (clock.monotonic() - listedAt > this.#timings.relistMs) {
        return 'periodic';
      }
      if (short || end === 'lost') {
        await this.#pause(signal);
      }
      signal.throwIfAborted();
    }
  }

  /**
   * One watch; says whether the server ended it, with or without having sent anything, or whether it was
   * lost.
   */
  async #watch(signal: AbortSignal): Promise<'ended' | 'empty' | 'lost'> {
    const { client, resource, selection, metrics, random } = this.#options;
    metrics.watchStarts.inc({ resource: this.#name });
    let end: 'ended' | 'empty' = 'empty';
    try {
      const events = client.watch(resource, {
        ...selection,
        signal,
        resourceVersion: this.#cursor.resourceVersion,
        timeoutSeconds: Math.max(1, Math.round((this.#timings.minWatchMs * (1 + random())) / 1000)),
        idleTimeoutMs: this.#timings.idleMs,
        onActivity: () => this.#health.succeeded(),
      });
      for await (const event of events) {
        this.#cursor.apply(event);
        end = 'ended';
      }
      return end;
    } catch (error) {
      if (signal.aborted || !isOutage(error)) {
        throw error;
      }
      // The server is away or overloaded. What is cached stays true, and a list would only add to its load.
      this.#health.failed(error);
      return 'lost';
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await sleep(this.#options.clock, this.#backoff.next(), signal).catch((error: unknown) => {
      if (!signal.aborted) {
        throw error;
      }
    });
  }
}
