import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { Store } from '../../kube/cache/store.ts';
import { formatObjectKey, type ObjectKey } from '../../kube/client/object-key.ts';

/**
 * States as they are known best: what was just written, until the cache shows something else than what it was
 * written over. Saves a read from the API server before every write; a write over anything older is refused
 * there.
 */
export class LatestStates {
  readonly #store: Store<BootstrapState>;
  readonly #written = new Map<string, { readonly over: string; readonly object: BootstrapState }>();

  constructor(store: Store<BootstrapState>) {
    this.#store = store;
    store.subscribe(({ object }) => {
      const key = formatObjectKey(object.metadata);
      if (this.#written.get(key)?.over !== object.metadata.resourceVersion) {
        this.#written.delete(key);
      }
    });
  }

  get(key: ObjectKey): BootstrapState | undefined {
    const cached = this.#store.get(key);
    const written = this.#written.get(formatObjectKey(key));
    return written !== undefined && written.over === cached?.metadata.resourceVersion
      ? written.object
      : cached;
  }

  /** Notes what the API server answered to a write. */
  wrote(object: BootstrapState): void {
    const cached = this.#store.get(object.metadata);
    if (cached !== undefined && cached.metadata.resourceVersion !== object.metadata.resourceVersion) {
      this.#written.set(formatObjectKey(object.metadata), { over: cached.metadata.resourceVersion, object });
    }
  }
}
