import type { AcceptedReason } from '../api/reasons.ts';
import type { RunStep } from '../api/run-steps.ts';
import type { Finding } from '../tuf/findings/finding.ts';
import type { Trusted } from '../tuf/verify/verification.ts';
import type { Plan } from './plan/plan.ts';
import type { State } from './state/state.ts';

/** The steps a person sees: resolving belongs to the caller, classifying and deciding take no time. */
export type RunStage = Exclude<RunStep, 'Resolve' | 'Classify' | 'Decide'>;

/** Where a run is. `completed` of `total` counts the stage's own units: files, keys. */
export interface RunProgress {
  readonly stage: RunStage;
  readonly completed: number;
  readonly total: number;
}

/** The early answer to "is a recovery needed and allowed?" (R6). */
export interface Acceptance {
  readonly reason: AcceptedReason;
  readonly message: string;
  /**
   * Id of the task that stands in the way: the server's own bootstrap, or the recovery that holds the lock.
   */
  readonly blockingTask?: string;
}

/**
 * Observes a run while it is under way. Calls are synchronous, cheap and must not throw; the final
 * truth is the Outcome, these are for people who watch.
 */
export interface RunObserver {
  progress(progress: RunProgress): void;
  trusted(trusted: Trusted, findings: readonly Finding[]): void;
  planned(state: State, plan: Plan): void;
  accepted(acceptance: Acceptance): void;
}
