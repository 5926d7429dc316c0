import type { KubernetesObject } from '../client/object.ts';
import { formatObjectKey, type ObjectKey } from '../client/object-key.ts';

/** A change of the cached state. `previous` is what was cached before. */
export type StoreEvent<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly previous: T }
  /** `object` is the last state seen, which may be older than the state at deletion. */
  | { readonly type: 'deleted'; readonly object: T };

/** Hears of changes. Must only take note (enqueue a key) and return: it runs inside the watch. */
export type StoreListener<T> = (event: StoreEvent<T>) => void;

/** Computes the values under which an object is found in an index. */
export type Indexer<T> = (object: T) => readonly string[];

/** Options of {@link Store}. */
export interface StoreOptions<T> {
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** False: the object is not cached and no listener hears of it. Must always say the same of one object. */
  readonly accepts?: (object: T) => boolean;
  /** Runs on every object before it is cached, to drop what is never read; once more changes nothing. */
  readonly transform?: (object: T) => T;
  /** Receives exceptions thrown by listeners, which never reach the watch. */
  readonly onListenerError: (error: unknown) => void;
}

/**
 * Objects of one kind by key, kept up to date by reflectors (client-go: Indexer). Filled in partitions, one
 * for each reflector: a relist replaces its own partition only, and reports as deleted what is no longer in
 * it, because the DELETED event may have passed while no watch was open.
 *
 * What it returns is shared and possibly stale: read-only, and never enough to justify a side effect.
 */
export class Store<T extends KubernetesObject> {
  readonly #options: StoreOptions<T>;
  readonly #objects = new Map<string, T>();
  /** Partition → keys it holds. A partition that never replaced its content is absent: not synced. */
  readonly #partitions = new Map<string, Set<string>>();
  /** Index name → value → keys. */
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  readonly #listeners = new Set<StoreListener<T>>();

  constructor(options: StoreOptions<T>) {
    this.#options = options;
    for (const name of Object.keys(options.indexers ?? {})) {
      this.#indexes.set(name, new Map());
    }
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(formatObjectKey(key));
  }

  /** Every cached object, in no particular order. */
  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  /** Objects the named indexer filed under `value`. An unknown index is a programmer error. */
  byIndex(name: string, value: string): readonly T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) {
      throw new TypeError(`the store has no index ${name}`);
    }
    const keys = index.get(value) ?? [];
    return [...keys].flatMap((key) => this.#objects.get(key) ?? []);
  }

  get size(): number {
    return this.#objects.size;
  }

  /** True once `partition` holds a complete list. */
  hasPartition(partition: string): boolean {
    return this.#partitions.has(partition);
  }

  /**
   * Hears of every later change, and first of all that is cached already. The returned function ends that.
   */
  subscribe(listener: StoreListener<T>): () => void {
    this.#listeners.add(listener);
    for (const object of this.#objects.values()) {
      this.#notify(listener, { type: 'added', object });
    }
    return () => this.#listeners.delete(listener);
  }

  /** Makes `items` the whole content of `partition`. */
  replace(partition: string, items: readonly T[]): void {
    const gone = new Set(this.#partitions.get(partition));
    // Present from here on, even when empty: an empty list is a complete one.
    this.#partitions.set(partition, new Set(gone));
    for (const item of items) {
      gone.delete(formatObjectKey(item.metadata));
      this.upsert(partition, item);
    }
    for (const key of gone) {
      this.#delete(partition, key);
    }
  }

  /** An object as it would be cached; undefined when it would not be. */
  prepared(item: T): T | undefined {
    return this.#options.accepts?.(item) === false ? undefined : (this.#options.transform?.(item) ?? item);
  }

  /** Adds or updates one object. The same resourceVersion again is no change and is not reported. */
  upsert(partition: string, item: T): void {
    const object = this.prepared(item);
    if (object === undefined) {
      return;
    }
    const key = formatObjectKey(object.metadata);
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    this.#keysOf(partition).add(key);
    if (previous !== undefined) {
      this.#index(key, previous, false);
    }
    this.#index(key, object, true);
    if (previous === undefined) {
      this.#broadcast({ type: 'added', object });
    } else if (previous.metadata.uid !== object.metadata.uid) {
      // Deleted and created again between two lists: two objects, and a listener that tracks uids must hear
      // of both.
      this.#broadcast({ type: 'deleted', object: previous });
      this.#broadcast({ type: 'added', object });
    } else if (previous.metadata.resourceVersion !== object.metadata.resourceVersion) {
      this.#broadcast({ type: 'updated', object, previous });
    }
  }

  /** Removes one object, after a DELETED event. */
  remove(partition: string, object: T): void {
    this.#delete(partition, formatObjectKey(object.metadata));
  }

  #delete(partition: string, key: string): void {
    const object = this.#objects.get(key);
    this.#keysOf(partition).delete(key);
    if (object !== undefined) {
      this.#objects.delete(key);
      this.#index(key, object, false);
      this.#broadcast({ type: 'deleted', object });
    }
  }

  #keysOf(partition: string): Set<string> {
    const keys = this.#partitions.get(partition) ?? new Set();
    this.#partitions.set(partition, keys);
    return keys;
  }

  #index(key: string, object: T, present: boolean): void {
    for (const [name, indexer] of Object.entries(this.#options.indexers ?? {})) {
      const index = this.#indexes.get(name);
      for (const value of indexer(object)) {
        const keys = index?.get(value) ?? new Set<string>();
        if (present) {
          index?.set(value, keys.add(key));
        } else if (keys.delete(key) && keys.size === 0) {
          index?.delete(value);
        }
      }
    }
  }

  #broadcast(event: StoreEvent<T>): void {
    for (const listener of this.#listeners) {
      this.#notify(listener, event);
    }
  }

  #notify(listener: StoreListener<T>, event: StoreEvent<T>): void {
    try {
      listener(event);
    } catch (error) {
      this.#options.onListenerError(error);
    }
  }
}
