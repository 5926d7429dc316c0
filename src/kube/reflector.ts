import type { Logger } from 'pino';
import type { ApiClient } from './apiclient.ts';
import { isExpired } from './apierror.ts';
import { Backoff, type BackoffOptions, REFLECTOR_BACKOFF } from './backoff.ts';
import type { Selection } from './calloptions.ts';
import type { Clock } from './clock.ts';
import { ConnectionError } from './connectionerror.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { KubernetesObject } from './object.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { sleep } from './sleep.ts';
import type { Store } from './store.ts';
import { isOutage, isTooLargeResourceVersion, reasonOf } from './watchfailure.ts';
import type { WatchEvent } from './watchstream.ts';

/** Time limits of a reflector, in milliseconds. */
export interface ReflectorTimings {
  /** A watch is asked to last between this and twice this, at random, so that replicas do not reconnect in step. */
  readonly minWatchMs: number;
  /** Silence after which a watch counts as dead. Above the minute between bookmarks. */
  readonly idleMs: number;
  /** Age after which a list is repeated even though nothing seems wrong. */
  readonly relistMs: number;
  /** A watch that ends sooner than this was no watch: some servers close at once instead of saying 410. */
  readonly shortWatchMs: number;
  readonly backoff: BackoffOptions;
}

/** Defaults of {@link ReflectorTimings}: client-go's, and controller-runtime's 10 h between full lists. */
export const DEFAULT_REFLECTOR_TIMINGS: ReflectorTimings = {
  minWatchMs: 300_000,
  idleMs: 150_000,
  relistMs: 36_000_000,
  shortWatchMs: 1_000,
  backoff: REFLECTOR_BACKOFF,
};

/** What a {@link Reflector} is made of. */
export interface ReflectorOptions<T extends KubernetesObject> {
  readonly client: Pick<ApiClient, 'list' | 'watch'>;
  readonly resource: Resource<T>;
  readonly selection?: Selection;
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
 * Keeps a {@link Store} equal to what the API server holds: lists, then watches from there, for as long as the
 * process lives. Nothing ends {@link run} but its signal; every failure is counted, logged and followed by a jittered
 * wait. A failed connection continues the watch where it was; anything that casts doubt on that lists again.
 */
export class Reflector<T extends KubernetesObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #timings: ReflectorTimings;
  readonly #backoff: Backoff;
  readonly #logger: Logger;
  /** Name of the resource in metrics and logs: `plural.group`. */
  readonly #name: string;
  readonly #partition: string;
  #running = false;
  #lastSign: number;
  #failure: string | undefined;
  readonly #firstList = Promise.withResolvers<void>();
  /** `0`: any state will do, as at start; empty: only the newest will do, as after 410. Otherwise continue there. */
  #resourceVersion = '0';

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#timings = { ...DEFAULT_REFLECTOR_TIMINGS, ...options.timings };
    this.#backoff = new Backoff(this.#timings.backoff, options.clock, options.random);
    this.#name =
      options.resource.group === ''
        ? options.resource.plural
        : `${options.resource.plural}.${options.resource.group}`;
    this.#partition = options.selection?.namespace ?? '';
    this.#logger = options.logger.child({ resource: this.#name, watchedNamespace: this.#partition });
    this.#lastSign = options.clock.monotonic();
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
    return this.#failure;
  }

  /** Milliseconds since the loop last showed a sign of life: bytes from a watch, or an attempt that ended either way. */
  get idleMs(): number {
    return this.#options.clock.monotonic() - this.#lastSign;
  }

  /** Lists and watches until `signal` aborts, then returns. Runs once: a second loop would double every request. */
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
      this.#report(error);
      if (isExpired(error)) {
        this.#resourceVersion = '';
        return 'expired';
      }
      return 'error';
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource, selection, store } = this.#options;
    const list = (resourceVersion: string) =>
      client.list(resource, { ...selection, signal, ...(resourceVersion !== '' && { resourceVersion }) });
    const result = await list(this.#resourceVersion).catch((error: unknown) => {
      // Expired, or newer than what the server we now talk to has seen: only the newest state helps.
      if (this.#resourceVersion !== '' && (isExpired(error) || isTooLargeResourceVersion(error))) {
        return list('');
      }
      throw error;
    });
    store.replace(this.#partition, result.items);
    this.#firstList.resolve();
    this.#resourceVersion = result.resourceVersion;
    this.#succeeded();
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
        this.#resourceVersion = '';
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

  /** One watch; says whether the server ended it, with or without having sent anything, or whether it was lost. */
  async #watch(signal: AbortSignal): Promise<'ended' | 'empty' | 'lost'> {
    const { client, resource, selection, metrics, random } = this.#options;
    metrics.watchStarts.inc({ resource: this.#name });
    let end: 'ended' | 'empty' = 'empty';
    try {
      const events = client.watch(resource, {
        ...selection,
        signal,
        resourceVersion: this.#resourceVersion,
        timeoutSeconds: Math.max(1, Math.round((this.#timings.minWatchMs * (1 + random())) / 1000)),
        idleTimeoutMs: this.#timings.idleMs,
        onActivity: () => this.#succeeded(),
      });
      for await (const event of events) {
        this.#apply(event);
        end = 'ended';
      }
      return end;
    } catch (error) {
      if (signal.aborted || !isOutage(error)) {
        throw error;
      }
      // The server is away or overloaded. What is cached stays true, and a list would only add to its load.
      this.#report(error);
      return 'lost';
    }
  }

  #apply(event: WatchEvent<T>): void {
    const { store, resource } = this.#options;
    if (event.type === 'BOOKMARK') {
      this.#resourceVersion = event.resourceVersion;
      return;
    }
    if (event.object.kind !== resource.kind || event.object.apiVersion !== apiVersionOf(resource)) {
      throw new ConnectionError('Malformed', `a watch of ${this.#name} delivered a ${event.object.kind}`);
    }
    if (event.type === 'DELETED') {
      store.remove(this.#partition, event.object);
    } else {
      store.upsert(this.#partition, event.object);
    }
    this.#resourceVersion = event.object.metadata.resourceVersion;
  }

  #succeeded(): void {
    this.#lastSign = this.#options.clock.monotonic();
    this.#failure = undefined;
  }

  #report(error: unknown): void {
    this.#lastSign = this.#options.clock.monotonic();
    this.#failure = error instanceof Error ? error.message : String(error);
    this.#options.metrics.watchErrors.inc({ resource: this.#name, reason: reasonOf(error) });
    this.#logger.warn({ err: error }, 'list or watch failed; trying again');
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await sleep(this.#options.clock, this.#backoff.next(), signal).catch((error: unknown) => {
      if (!signal.aborted) {
        throw error;
      }
    });
  }
}
