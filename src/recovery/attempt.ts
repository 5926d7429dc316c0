import type { OutcomeBuilder } from './outcome-builder.ts';
import type { RunRequest } from './request.ts';
import type { RunDeadline } from './run-deadline.ts';

/** What every step of one attempt is given. */
export interface AttemptContext {
  readonly request: RunRequest;
  readonly report: OutcomeBuilder;
  readonly limit: RunDeadline;
  /** Cancel, shutdown and deadline in one. */
  readonly signal: AbortSignal;
}
