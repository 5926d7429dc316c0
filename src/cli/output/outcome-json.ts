import type { SucceededReason } from '../../api/reasons.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import type { Action, ActionKind, Confidence, Plan, ValueSource } from '../../recovery/plan/plan.ts';
import type { State } from '../../recovery/state/state.ts';
import type { Finding } from '../../tuf/findings/finding.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type HeadsJSON, headsJSON } from './verification-json.ts';

/** How a run ended, in one word. The reason beside it says more. */
export type OutcomeWord = 'Recovered' | 'AlreadyConsistent' | 'RecoveryNeeded' | 'Failed' | 'TimedOut';

/**
 * One key of the plan. `before` is null when absent or not a string; `after` is null when the key is deleted.
 */
export interface ActionJSON {
  readonly key: string;
  readonly kind: ActionKind;
  readonly before: string | null;
  /** The Redis type that stands there instead of a string. */
  readonly beforeType?: string;
  readonly after: string | null;
  readonly source: ValueSource;
  readonly confidence: Confidence;
}

/** What `tuf-recovery plan` and `recover` print with `-o json`. */
export interface OutcomeJSON {
  readonly outcome: OutcomeWord;
  readonly reason: SucceededReason;
  readonly message: string;
  readonly state: State | null;
  readonly taskID: string;
  readonly plan: { readonly digest: string; readonly actions: readonly ActionJSON[] } | null;
  readonly heads: HeadsJSON | null;
  readonly findings: readonly Finding[];
}

/** The outcome for machines. */
export function outcomeJSON(outcome: Outcome): OutcomeJSON {
  const { succeeded, state, taskID, plan, trusted, findings } = outcome;
  return {
    outcome: outcomeWordForReason(succeeded.reason),
    reason: succeeded.reason,
    message: succeeded.message,
    state: state ?? null,
    taskID,
    plan: plan === undefined ? null : planJSON(plan),
    heads: trusted === undefined ? null : headsJSON(trusted.heads),
    findings,
  };
}

/** How a run ended, in one word. */
export function outcomeWordForReason(reason: SucceededReason): OutcomeWord {
  if (reason === 'Recovered') {
    return 'Recovered';
  }
  if (reason === 'AlreadyConsistent' || reason === 'Verified') {
    return 'AlreadyConsistent';
  }
  if (reason === 'DriftDetected') {
    return 'RecoveryNeeded';
  }
  return reason === 'DeadlineExceeded' ? 'TimedOut' : 'Failed';
}

const codes: Readonly<Record<OutcomeWord, ExitCode>> = {
  Recovered: exitCodes.done,
  AlreadyConsistent: exitCodes.done,
  RecoveryNeeded: exitCodes.recoveryNeeded,
  Failed: exitCodes.failed,
  TimedOut: exitCodes.timedOut,
};

/** The exit code that goes with an outcome. */
export function exitCodeFor(reason: SucceededReason): ExitCode {
  return codes[outcomeWordForReason(reason)];
}

function planJSON({ digest, actions }: Plan): OutcomeJSON['plan'] {
  return { digest, actions: actions.map(actionJSON) };
}

function actionJSON({ key, kind, before, after, source, confidence }: Action): ActionJSON {
  return {
    key,
    kind,
    before: before !== undefined && 'value' in before ? before.value : null,
    ...(before !== undefined && 'wrongType' in before && { beforeType: before.wrongType }),
    after: after ?? null,
    source,
    confidence,
  };
}
