import { type Condition, findCondition, withTransitionTimes } from './condition.ts';
import {
  type AcceptedReason,
  acceptedReasons,
  type ReasonDoc,
  type ReconcilingReason,
  type StateReason,
  type SucceededReason,
  stateReasons,
  succeededReasons,
  type TrustReason,
  trustReasons,
} from './reasons.ts';

/** A reason with the sentence that goes with it. */
export interface Verdict<Reason extends string> {
  readonly reason: Reason;
  readonly message: string;
}

/** What is known about a run at one moment. The outcome of an attempt has this shape. */
export interface RunVerdicts {
  readonly succeeded: Verdict<SucceededReason>;
  /** Undefined while undecided: what was decided before stands. */
  readonly accepted: Verdict<AcceptedReason> | undefined;
  readonly trustVerified: Verdict<TrustReason>;
  readonly stateVerified: Verdict<StateReason>;
}

/**
 * All conditions of a BootstrapRecovery, from what is known now and what was said before. The only place that
 * makes them.
 *
 * - Terminal is terminal: once `Succeeded` was True or False, every later call returns the same conditions;
 *   only their observedGeneration follows the object.
 * - `Succeeded=True` is said only together with the proof, `TrustVerified=True` and `StateVerified=True`.
 * - kstatus reads `Reconciling` (InProgress), `Stalled` (Failed), `Ready` (Current): exactly one of them is
 *   True. The first two are abnormal-true: absent when they do not hold. A suspended run is Current: it is as
 *   its spec says, and a tool that waits for what it has applied continues.
 * - `lastTransitionTime` moves only when `status` does.
 */
export function runConditions(
  verdicts: RunVerdicts,
  previous: readonly Condition[],
  generation: number,
  now: Date,
): readonly Condition[] {
  if (isTerminal(previous)) {
    return previous.map((condition) => ({ ...condition, observedGeneration: generation }));
  }
  const succeeded = proven(verdicts);
  const status = succeededReasons[succeeded.reason].status;
  const ready = succeeded.reason === 'Suspended' ? 'True' : status;
  const accepted =
    verdicts.accepted === undefined
      ? findCondition(previous, 'Accepted')
      : condition('Accepted', acceptedReasons, verdicts.accepted);
  return withTransitionTimes(
    [
      ...(accepted === undefined ? [] : [accepted]),
      condition('TrustVerified', trustReasons, verdicts.trustVerified),
      condition('StateVerified', stateReasons, verdicts.stateVerified),
      { type: 'Succeeded', status, ...succeeded },
      ...abnormal(ready, succeeded),
      { type: 'Ready', status: ready, ...succeeded },
    ],
    previous,
    generation,
    now,
  );
}

/** Whether a run with these conditions has ended, with success or without. */
export function isTerminal(conditions: readonly Condition[]): boolean {
  const status = findCondition(conditions, 'Succeeded')?.status;
  return status === 'True' || status === 'False';
}

/**
 * Success without its proof would be a lie, whatever the caller believes: it becomes the failure to prove it.
 */
function proven({ succeeded, trustVerified, stateVerified }: RunVerdicts): Verdict<SucceededReason> {
  const claimsSuccess = succeededReasons[succeeded.reason].status === 'True';
  const isProven =
    trustReasons[trustVerified.reason].status === 'True' &&
    stateReasons[stateVerified.reason].status === 'True';
  if (!claimsSuccess || isProven) {
    return succeeded;
  }
  return {
    reason: 'PostVerificationFailed',
    message: `The run reported ${succeeded.reason} without having verified metadata (${trustVerified.reason}) and state (${stateVerified.reason}). Create a new run, and report this as a bug.`,
  };
}

function abnormal(
  status: Condition['status'],
  { reason, message }: Verdict<SucceededReason>,
): readonly Pick<Condition, 'type' | 'status' | 'reason' | 'message'>[] {
  if (status === 'True') {
    return [];
  }
  if (status === 'False') {
    return [{ type: 'Stalled', status: 'True', reason, message }];
  }
  const progress: ReconcilingReason = reason === 'Retrying' ? 'ProgressingWithRetry' : 'Progressing';
  return [{ type: 'Reconciling', status: 'True', reason: progress, message }];
}

function condition<Reason extends string>(
  type: string,
  reasons: Readonly<Record<Reason, ReasonDoc>>,
  { reason, message }: Verdict<Reason>,
): Pick<Condition, 'type' | 'status' | 'reason' | 'message'> {
  return { type, status: reasons[reason].status, reason, message };
}
