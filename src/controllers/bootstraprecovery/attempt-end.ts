import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';

/** How it went, seen from the queue. */
export interface AttemptEnd {
  /** The run as last written. */
  readonly run: BootstrapRecovery;
  /**
   * When to reconcile again; undefined when the run has ended, it waits for a person, or another process
   * continues it.
   */
  readonly nextAttemptTime: Date | undefined;
}
