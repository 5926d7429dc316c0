import type { ObjectList } from '../client/call-options.ts';
import { ConnectionError } from '../client/connection-error.ts';
import type { KubernetesObject } from '../client/object.ts';
import { apiVersionOf, type Resource } from '../client/resource.ts';
import type { Store } from './store.ts';
import type { WatchEvent } from './watch-stream.ts';

/** Where a reflector stands in the history of its resource, and with it what the store holds. */
export class WatchCursor<T extends KubernetesObject> {
  readonly #resource: Resource<T>;
  readonly #store: Store<T>;
  readonly #partition: string;
  #resourceVersion = '';

  constructor(resource: Resource<T>, store: Store<T>, partition: string) {
    this.#resource = resource;
    this.#store = store;
    this.#partition = partition;
  }

  /**
   * Where to continue; opaque, but for the empty one: only the newest state will do, as at start and after
   * {@link forget}. Never `0`, for any state: the server sends such a list as one page.
   */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** The server's history no longer reaches back to here. */
  forget(): void {
    this.#resourceVersion = '';
  }

  /** Takes over a complete list. */
  replace({ items, resourceVersion }: ObjectList<T>): void {
    this.#store.replace(this.#partition, items);
    this.#resourceVersion = resourceVersion;
  }

  /** Takes over one event; `Malformed` when it is of another kind than was asked for. */
  apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') {
      this.#resourceVersion = event.resourceVersion;
      return;
    }
    const { kind, apiVersion, metadata } = event.object;
    if (kind !== this.#resource.kind || apiVersion !== apiVersionOf(this.#resource)) {
      throw new ConnectionError('Malformed', `a watch of ${this.#resource.plural} delivered a ${kind}`);
    }
    if (event.type === 'DELETED') {
      this.#store.remove(this.#partition, event.object);
    } else {
      this.#store.upsert(this.#partition, event.object);
    }
    this.#resourceVersion = metadata.resourceVersion;
  }
}
