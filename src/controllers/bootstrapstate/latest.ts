import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { Store } from '../../kube/cache/store.ts';
import { formatObjectKey, type ObjectKey } from '../../kube/client/object-key.ts';

interface Written {
  /** The resourceVersion that the cache showed while the object was written, and still shows. */
  readonly cached: string;
  readonly object: BootstrapState;
}

/**
 * States as they are known best: what was just written, until the cache shows anything else than it did then.
 * Saves a read from the API server before every write; a write over anything older is refused there.
 *
 * The answer to a write may come after the watch has shown it, and what another controller wrote over it.
 * Which of two versions is newer is never guessed: what was written counts only while the cache is known to
 * be behind it, and no longer once a write over it was refused.
 */
export class LatestStates {
  readonly #store: Store<BootstrapState>;
  readonly #written = new Map<string, Written>();
  /** States that are being written: whose change the cache shows meanwhile is known with the answer. */
  readonly #writing = new Set<string>();
  readonly #changedByOthers: (key: ObjectKey) => void;

  /**
   * @param changedByOthers called when the cache shows a change that was not written here: a person, another
   *   controller, or a former leader whose last write came late. Must only take note and return.
   */
  constructor(store: Store<BootstrapState>, changedByOthers: (key: ObjectKey) => void) {
    this.#store = store;
    this.#changedByOthers = changedByOthers;
    store.subscribe(({ type, object }) => {
      const id = formatObjectKey(object.metadata);
      const { resourceVersion } = object.metadata;
      const written = this.#written.get(id);
      if (written?.cached === resourceVersion && type !== 'deleted') {
        return;
      }
      this.#written.delete(id);
      const isOurs = written?.object.metadata.resourceVersion === resourceVersion;
      if (type === 'updated' && !isOurs && !this.#writing.has(id)) {
        changedByOthers(object.metadata);
      }
    });
  }

  get(key: ObjectKey): BootstrapState | undefined {
    const cached = this.#store.get(key);
    // Gone from the cache means gone: what was written to it counts for nothing.
    return cached && (this.#written.get(formatObjectKey(key))?.object ?? cached);
  }

  /**
   * Writes a state over `read`, which {@link get} had returned.
   *
   * @param write makes the call; undefined when it was refused, because the object has changed
   * @returns what `write` returned, and throws what it throws
   */
  async write(
    read: BootstrapState,
    write: () => Promise<BootstrapState | undefined>,
  ): Promise<BootstrapState | undefined> {
    const id = formatObjectKey(read.metadata);
    this.#writing.add(id);
    try {
      const written = await write();
      if (written === undefined) {
        this.#written.delete(id);
      } else if (written.metadata.resourceVersion !== read.metadata.resourceVersion) {
        this.#wrote(id, read.metadata.resourceVersion, written);
      }
      return written;
    } finally {
      this.#writing.delete(id);
    }
  }

  #wrote(id: string, over: string, object: BootstrapState): void {
    const cached = this.#store.get(object.metadata)?.metadata.resourceVersion;
    const before = this.#written.get(id);
    if (before?.object.metadata.resourceVersion === over) {
      this.#written.set(id, { cached: before.cached, object });
    } else if (cached === over) {
      this.#written.set(id, { cached, object });
    } else {
      this.#written.delete(id);
      if (cached !== undefined && cached !== object.metadata.resourceVersion) {
        this.#changedByOthers(object.metadata);
      }
    }
  }
}
