import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { StoreEvent } from '../../kube/cache/store.ts';

/** Abort reason: a person ended this run. */
class RunCancelledError extends Error {
  /** `cancel`: spec.cancel was set. `delete`: the object is being deleted or is gone. */
  readonly by: 'cancel' | 'delete';

  constructor(by: 'cancel' | 'delete') {
    super(by === 'cancel' ? 'the run was cancelled' : 'the run is being deleted');
    this.name = 'RunCancelledError';
    this.by = by;
  }
}

/**
 * Ends runs that are under way when they are cancelled or deleted. The queue hands out no key a second
 * time while it is worked on, so the change has to reach the run by another way than a reconcile.
 */
export class CancellationRegistry {
  readonly #running = new Map<string, AbortController>();

  /** Listen with this to the store of runs. */
  readonly listener = (event: StoreEvent<BootstrapRecovery>): void => {
    const { metadata, spec } = event.object;
    const controller = this.#running.get(metadata.uid);
    if (controller === undefined) {
      return;
    }
    if (event.type === 'deleted' || metadata.deletionTimestamp !== undefined) {
      controller.abort(new RunCancelledError('delete'));
    } else if (spec.cancel) {
      controller.abort(new RunCancelledError('cancel'));
    }
  };

  /**
   * A signal that aborts with an `RunCancelledError` when the object of this uid is cancelled or deleted from
   * now on. What was changed before is for the caller to see, by reading the object after this call.
   */
  register(uid: string): { readonly signal: AbortSignal } & Disposable {
    const controller = new AbortController();
    this.#running.set(uid, controller);
    return { signal: controller.signal, [Symbol.dispose]: () => this.#running.delete(uid) };
  }
}
