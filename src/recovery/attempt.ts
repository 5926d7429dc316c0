import type { OutcomeBuilder } from './outcome-builder.ts';
import type { RunRequest } from './request.ts';

/** What every step of one attempt is given. */
export interface AttemptContext {
  readonly request: RunRequest;
  readonly report: OutcomeBuilder;
  /** Cancel, shutdown and deadline in one. */
  readonly signal: AbortSignal;
}
