import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { isTerminal } from '../../api/conditions.ts';
import { lockFinalizer } from '../../api/resources.ts';
import type { StoreEvent } from '../../kube/cache/store.ts';
import { hasFinalizer } from '../../kube/client/finalizers.ts';

/**
 * Runs that this process has ended and whose end the cache does not show yet. Our own writes come back as
 * changes and wake the run; without this memory each would cost a look at the API server, only to learn there
 * what we wrote. The change that shows the end is still to come and wakes the run once more, so nothing is
 * missed.
 */
export class FinishedRuns {
  readonly #uids = new Set<string>();

  /** Listen with this to the store of runs. */
  readonly listener = ({ type, object }: StoreEvent<BootstrapRecovery>): void => {
    if (type === 'deleted') {
      this.#uids.delete(object.metadata.uid);
    }
  };

  /** This run has ended and nothing is held for it any more. */
  add({ metadata }: BootstrapRecovery): void {
    this.#uids.add(metadata.uid);
  }

  /** Whether `cached` is a state from before the end. */
  isAwaitedFor(cached: BootstrapRecovery): boolean {
    const { uid, deletionTimestamp } = cached.metadata;
    const showsEnd = isTerminal(cached.status.conditions ?? []) && !hasFinalizer(cached, lockFinalizer);
    if (showsEnd || deletionTimestamp !== undefined) {
      this.#uids.delete(uid);
    }
    return this.#uids.has(uid);
  }
}
