import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';

/**
 * Abort reason: what a verification would find out is about an app that is not guarded in this way any more.
 */
export class VerificationInterruptedError extends Error {
  constructor() {
    super('the app is no longer guarded, or its target has changed');
    this.name = 'VerificationInterruptedError';
  }
}

interface Running {
  readonly controller: AbortController;
  readonly isWanted: () => boolean;
}

/**
 * Ends verifications under way that are not wanted any more. The queue hands a key to one worker at a time,
 * so a suspended policy has to reach the verification by another way than a reconcile.
 */
export class VerificationInterrupts {
  /** By the uid of the BootstrapState. */
  readonly #running = new Map<string, Running>();

  /** Ends what is not wanted any more; call it when policies or targets have changed. */
  check(): void {
    for (const { controller, isWanted } of this.#running.values()) {
      if (!isWanted()) {
        controller.abort(new VerificationInterruptedError());
      }
    }
  }

  /** The same when a BootstrapState has changed. */
  checkState({ metadata }: Pick<BootstrapState, 'metadata'>): void {
    if (this.#running.has(metadata.uid)) {
      this.check();
    }
  }

  /**
   * A signal that aborts with a {@link VerificationInterruptedError} when the verification of the app is not
   * wanted any more.
   *
   * @param isWanted judges by the caches; called now and with every change
   */
  register(
    { metadata: { uid } }: Pick<BootstrapState, 'metadata'>,
    isWanted: () => boolean,
  ): { readonly signal: AbortSignal } & Disposable {
    const controller = new AbortController();
    this.#running.set(uid, { controller, isWanted });
    this.check();
    return { signal: controller.signal, [Symbol.dispose]: () => this.#running.delete(uid) };
  }
}
