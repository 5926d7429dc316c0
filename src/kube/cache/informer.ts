import type { Logger } from 'pino';
import type { Clock } from '../../async/clock.ts';
import type { APIClient } from '../client/api-client.ts';
import type { KubernetesObject } from '../client/object.ts';
import type { Resource } from '../client/resource.ts';
import type { RuntimeMetrics } from '../metrics/runtime-metrics.ts';
import type { Cache } from './cache.ts';
import { Reflector } from './reflector.ts';
import type { ReflectorTimings } from './reflector-timings.ts';
import { type Indexer, Store } from './store.ts';

/** Options of {@link Informer}. */
export interface InformerOptions<T extends KubernetesObject> {
  readonly client: Pick<APIClient, 'list' | 'watch'>;
  readonly resource: Resource<T>;
  /**
   * Empty or left out: the whole cluster. Otherwise one reflector for each, so that namespaced RBAC is
   * enough.
   */
  readonly namespaces?: readonly string[];
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** False: the object is not cached and no listener hears of it. Must always say the same of one object. */
  readonly accepts?: (object: T) => boolean;
  /** Defaults to dropping `managedFields`, often half of an object. */
  readonly transform?: (object: T) => T;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timings?: Partial<ReflectorTimings>;
}

/** One store and the reflectors that fill it (client-go: SharedIndexInformer, without its resync). */
export class Informer<T extends KubernetesObject> implements Cache {
  readonly resource: Resource<T>;
  readonly store: Store<T>;
  readonly namespaces: readonly string[];
  readonly #reflectors: readonly Reflector<T>[];
  /** By namespace; empty when one reflector watches the whole cluster. */
  readonly #byNamespace: ReadonlyMap<string, Reflector<T>>;

  constructor(options: InformerOptions<T>) {
    const { resource, metrics, logger } = options;
    this.resource = resource;
    this.store = new Store<T>({
      indexers: options.indexers ?? {},
      transform: options.transform ?? withoutManagedFields,
      ...(options.accepts !== undefined && { accepts: options.accepts }),
      onListenerError: (error) => {
        metrics.handlerErrors.inc({ resource: resource.plural });
        logger.error(
          { err: error, resource: resource.plural },
          'an event handler threw; the event counts as handled',
        );
      },
    });
    this.namespaces = [...new Set(options.namespaces)];
    const reflectorOf = (namespace: string | undefined): Reflector<T> => {
      const { labelSelector, fieldSelector } = options;
      return new Reflector({
        ...options,
        store: this.store,
        selection: { namespace, labelSelector, fieldSelector },
      });
    };
    this.#byNamespace = new Map(this.namespaces.map((namespace) => [namespace, reflectorOf(namespace)]));
    this.#reflectors =
      this.#byNamespace.size === 0 ? [reflectorOf(undefined)] : [...this.#byNamespace.values()];
  }

  /** True once every reflector has listed. */
  get hasSynced(): boolean {
    return this.#reflectors.every((reflector) => reflector.hasSynced);
  }

  /** Resolves when {@link hasSynced} becomes true. */
  get synced(): Promise<void> {
    return Promise.all(this.#reflectors.map((reflector) => reflector.synced)).then(() => undefined);
  }

  hasSyncedFor(namespace: string | undefined): boolean {
    return this.#for(namespace)?.hasSynced ?? this.hasSynced;
  }

  syncedFor(namespace: string | undefined): Promise<void> {
    return this.#for(namespace)?.synced ?? this.synced;
  }

  #for(namespace: string | undefined): Reflector<T> | undefined {
    return namespace === undefined ? undefined : this.#byNamespace.get(namespace);
  }

  /** What keeps reflectors from working at the moment, for readiness messages. */
  get failures(): readonly string[] {
    return this.#reflectors.flatMap((reflector) => reflector.failure ?? []);
  }

  /** Milliseconds since the quietest reflector showed a sign of life. */
  get idleMs(): number {
    return Math.max(...this.#reflectors.map((reflector) => reflector.idleMs));
  }

  /** Keeps the store up to date until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }
}

/** controller-runtime's TransformStripManagedFields. */
function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  const { managedFields, ...metadata } = object.metadata;
  return managedFields === undefined ? object : { ...object, metadata };
}
