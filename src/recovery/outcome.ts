import type { Verdict } from '../api/conditions.ts';
import type { StateReason, SucceededReason, TrustReason } from '../api/reasons.ts';
import type { RecoveryError } from '../errors.ts';
import type { Finding } from '../tuf/findings/finding.ts';
import type { Trusted } from '../tuf/verify/verification.ts';
import type { Acceptance } from './observer.ts';
import type { Plan } from './plan/plan.ts';
import type { Recoverability } from './recoverability.ts';
import type { State } from './state/state.ts';
import type { StepTime } from './step-times.ts';

/** What was read back in R9 (or in R3, when nothing had to be written). */
export interface StateVerification {
  readonly checkedKeys: number;
  readonly missingKeys: number;
  readonly invalidKeys: number;
  readonly verifiedAt: Date;
}

/** What one attempt ended with. Never says `Recovered` unless R9 proved it. */
export interface Outcome {
  readonly taskID: string;
  readonly succeeded: Verdict<SucceededReason>;
  readonly accepted: Acceptance | undefined;
  readonly trustVerified: Verdict<TrustReason>;
  readonly stateVerified: Verdict<StateReason>;
  readonly state: State | undefined;
  readonly plan: Plan | undefined;
  readonly trusted: Trusted | undefined;
  readonly verification: StateVerification | undefined;
  /**
   * Milliseconds the attempt waited for the lock of another recovery: they don't count against
   * `timeoutSeconds`.
   */
  readonly lockWaitMs: number;
  /** The result of a drill; undefined when none was asked for, or the app was not complete. */
  readonly recoverability: Recoverability | undefined;
  /**
   * The verifier's findings and the run's own (persistence warnings, SettingDiffersFromRoot …), by severity.
   */
  readonly findings: readonly Finding[];
  /** How long each step of the attempt took; steps it did not get to are missing. */
  readonly steps: readonly StepTime[];
  /**
   * `none`: terminal. `backoff`: a transient failure, try again with backoff and count the attempt. `wait`:
   * another process is at work or it waits for a person; try again without counting.
   */
  readonly retry: 'none' | 'backoff' | 'wait';
  /** The failure behind the verdict, when there is one. */
  readonly error: RecoveryError | undefined;
}
