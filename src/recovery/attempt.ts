import type { Report } from './report.ts';
import type { RunRequest } from './request.ts';

/** What every step of one attempt is given. */
export interface Attempt {
  readonly request: RunRequest;
  readonly report: Report;
  /** Cancel, shutdown and deadline in one. */
  readonly signal: AbortSignal;
}
