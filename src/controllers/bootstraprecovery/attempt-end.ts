import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';

/** How it went, seen from the queue. */
export interface AttemptEnd {
  /** The run as last written. */
  readonly run: BootstrapRecovery;
  /** When to look again; undefined when the run has ended, a person is awaited or somebody else goes on. */
  readonly nextAttemptTime: Date | undefined;
}
