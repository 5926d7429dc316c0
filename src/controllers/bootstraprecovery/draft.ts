import type { BootstrapRecovery, BootstrapRecoveryStatus } from '../../api/bootstraprecovery.generated.ts';
import { type Condition, findCondition } from '../../api/condition.ts';
import { isTerminal, type RunVerdicts, runConditions, type Verdict } from '../../api/conditions.ts';
import {
  type StateReason,
  type SucceededReason,
  stateReasons,
  succeededReasons,
  type TrustReason,
  trustReasons,
} from '../../api/reasons.ts';
import { rfc3339, roundUpToSecond } from '../../api/stored-time.ts';
import { shortDuration } from '../../api/text.ts';
import type { Acceptance, RunProgress } from '../../recovery/observer.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import type { Plan } from '../../recovery/plan/plan.ts';
import type { State } from '../../recovery/state/state.ts';
import type { Finding } from '../../tuf/findings/finding.ts';
import type { Trusted } from '../../tuf/verify/verification.ts';
import { deadlineOf } from './decide.ts';
import { findingsSummary, planSummary, trustSummary, verificationSummary, withLastError } from './summary.ts';

type Fields = Omit<BootstrapRecoveryStatus, 'conditions' | 'observedGeneration'>;

/**
 * A status in the making: what is known of a run, before it is put into conditions. Every function here
 * returns a new draft; {@link statusOf} is the only way out, so conditions always come from the one function
 * that makes them.
 */
export interface StatusDraft {
  readonly fields: Fields;
  readonly verdicts: RunVerdicts;
}

const notChecked = { reason: 'NotChecked', message: 'The run has not got that far.' } as const;

/**
 * What the object's status says. One that was never reconciled is `Pending`; its uid becomes the id of the
 * task.
 */
export function draftOf({ metadata, status }: Pick<BootstrapRecovery, 'metadata' | 'status'>): StatusDraft {
  const { conditions = [], observedGeneration: _, ...fields } = status;
  return {
    fields: { ...fields, taskID: metadata.uid },
    verdicts: {
      succeeded: verdictIn<SucceededReason>(conditions, 'Succeeded', succeededReasons) ?? {
        reason: 'Pending',
        message: 'Seen; not started yet.',
      },
      accepted: undefined,
      trustVerified: verdictIn<TrustReason>(conditions, 'TrustVerified', trustReasons) ?? notChecked,
      stateVerified: verdictIn<StateReason>(conditions, 'StateVerified', stateReasons) ?? notChecked,
    },
  };
}

/** It waits for a person, or ends, without an attempt. */
export function withVerdict(draft: StatusDraft, succeeded: Verdict<SucceededReason>, now: Date): StatusDraft {
  const { reason, message } = succeeded;
  // These two are refusals, and the early answer says so, too.
  const refused = reason === 'Denied' || reason === 'InvalidReference';
  return {
    fields: withCompletion(withoutController(draft.fields), reason, now),
    verdicts: {
      ...draft.verdicts,
      succeeded,
      accepted: refused ? { reason, message } : draft.verdicts.accepted,
    },
  };
}

/** What waits or has ended is worked on by no installation. */
function withoutController({ controller: _, ...fields }: Fields): Fields {
  return fields;
}

/** The run waits for its turn; undefined when it says what it has to say already. */
export function withQueueMessage(
  run: BootstrapRecovery,
  because: string,
  now: Date,
): StatusDraft | undefined {
  const { metadata, status } = run;
  const reason = findCondition(status.conditions, 'Succeeded')?.reason;
  // A failed attempt is counted by this reason (see nextAttempt in decide.ts), so it stays until the next one
  // begins; and what waits for a lock says so until it has it.
  if (reason === 'Retrying' || reason === 'WaitingForLock') {
    return undefined;
  }
  if (reason === 'Pending' && status.observedGeneration === metadata.generation) {
    return undefined;
  }
  return withVerdict(draftOf(run), { reason: 'Pending', message: because }, now);
}

/** An attempt begins. */
export function withAttempt(
  draft: StatusDraft,
  attempt: number,
  deadline: Date,
  now: Date,
  installation: string,
): StatusDraft {
  const { nextAttemptTime: _, progress: __, ...fields } = draft.fields;
  const message = attempt === 1 ? 'The run is under way.' : `Attempt ${attempt} is under way.`;
  return {
    fields: {
      ...fields,
      startTime: fields.startTime ?? rfc3339(now),
      deadline: rfc3339(roundUpToSecond(deadline)),
      attempts: attempt,
      controller: installation,
    },
    verdicts: { ...draft.verdicts, succeeded: { reason: 'Running', message } },
  };
}

/** Where the attempt is. */
export function withProgress(
  draft: StatusDraft,
  { stage, completed, total }: RunProgress,
  now: Date,
): StatusDraft {
  const summary = total > 0 ? `${stage} ${completed}/${total}` : stage;
  const progress = { stage, completed, total, summary, lastProgressTime: rfc3339(now) };
  return { ...draft, fields: { ...draft.fields, progress } };
}

/** The metadata was verified. */
export function withTrusted(
  draft: StatusDraft,
  trusted: Trusted,
  findings: readonly Finding[],
  now: Date,
): StatusDraft {
  const { root, timestamp } = trusted.heads;
  const message = `The chain verifies up to root ${root} and timestamp ${timestamp}.`;
  return {
    fields: { ...draft.fields, trust: trustSummary(trusted, now), findings: findingsSummary(findings) },
    verdicts: { ...draft.verdicts, trustVerified: { reason: 'MetadataVerified', message } },
  };
}

/** It is known what was lost and what would be written. */
export function withPlan(draft: StatusDraft, state: State, plan: Plan): StatusDraft {
  return { ...draft, fields: { ...draft.fields, state, plan: planSummary(plan) } };
}

/**
 * The early answer is known. While another owner holds the lock the run waits for it, and continues with the
 * next answer.
 */
export function withAcceptance(draft: StatusDraft, acceptance: Acceptance): StatusDraft {
  const { verdicts } = draft;
  const { reason, message } = acceptance;
  const accepted = { reason, message };
  const fields = withBlockingTask(draft.fields, acceptance);
  if (reason === 'RecoveryInProgress') {
    return { fields, verdicts: { ...verdicts, accepted, succeeded: { reason: 'WaitingForLock', message } } };
  }
  if (verdicts.succeeded.reason === 'WaitingForLock') {
    const succeeded = { reason: 'Running', message: 'The lock is free again; the run continues.' } as const;
    return { fields, verdicts: { ...verdicts, accepted, succeeded } };
  }
  return { fields, verdicts: { ...verdicts, accepted } };
}

/** When the run tries again without a change from outside, and its deadlines from then on. */
export interface NextAttempt {
  readonly at: Date;
  readonly deadline: Date;
  readonly lockWaitDeadline?: Date;
}

/** An attempt ended. `next` is set exactly when the run tries again without a change from outside. */
export function withOutcome(
  draft: StatusDraft,
  outcome: Outcome,
  next: NextAttempt | undefined,
  now: Date,
): StatusDraft {
  const { state, plan, trusted, verification, findings, succeeded, error } = outcome;
  const { deadline: _, controller, ...fields } = withBlockingTask(draft.fields, outcome.accepted);
  const updated = {
    ...fields,
    // No clock runs while a person is awaited, and after the end there is nothing left to limit.
    ...(next !== undefined && {
      deadline: rfc3339(roundUpToSecond(next.deadline)),
      ...(next.lockWaitDeadline !== undefined && {
        lockWaitDeadline: rfc3339(roundUpToSecond(next.lockWaitDeadline)),
      }),
      ...(controller !== undefined && { controller }),
      nextAttemptTime: rfc3339(roundUpToSecond(next.at)),
    }),
    ...(state !== undefined && { state }),
    ...(plan !== undefined && { plan: planSummary(plan) }),
    ...(trusted !== undefined && { trust: trustSummary(trusted, now) }),
    ...(verification !== undefined && { verification: verificationSummary(verification) }),
    ...(findings.length > 0 && { findings: findingsSummary(findings) }),
    ...(error !== undefined && {
      lastErrors: withLastError(fields.lastErrors, { reason: error.code, message: error.message }, now),
    }),
  };
  return {
    fields: withCompletion(updated, succeeded.reason, now),
    verdicts: next?.lockWaitDeadline === undefined ? outcome : withLockWait(outcome, next.lockWaitDeadline),
  };
}

/** Says how long the run waits: not part of `timeoutSeconds`. */
function withLockWait(outcome: Outcome, until: Date): Outcome {
  const message = `${outcome.succeeded.message} The run waits for it until ${rfc3339(roundUpToSecond(until))}; this time does not count against timeoutSeconds.`;
  return { ...outcome, succeeded: { ...outcome.succeeded, message } };
}

function withBlockingTask(
  { blockingTaskID: _, ...fields }: Fields,
  acceptance: Acceptance | undefined,
): Fields {
  const blockingTask = acceptance?.blockingTask;
  return blockingTask === undefined ? fields : { ...fields, blockingTaskID: blockingTask };
}

/** The run keeps waiting. */
export function withNextAttempt(draft: StatusDraft, nextAttemptTime: Date, deadline: Date): StatusDraft {
  return {
    ...draft,
    fields: {
      ...draft.fields,
      deadline: rfc3339(roundUpToSecond(deadline)),
      nextAttemptTime: rfc3339(roundUpToSecond(nextAttemptTime)),
    },
  };
}

/** Where the full report is. */
export function withReport(draft: StatusDraft, name: string): StatusDraft {
  return { ...draft, fields: { ...draft.fields, reportRef: { name } } };
}

/**
 * The draft as a status of `current`. What has ended stays as it was, except that it follows the generation.
 */
export function statusOf(
  draft: StatusDraft,
  current: Pick<BootstrapRecovery, 'metadata' | 'spec' | 'status'>,
  now: Date,
): BootstrapRecoveryStatus {
  const previous = current.status.conditions ?? [];
  const observedGeneration = current.metadata.generation ?? 1;
  const fields = isTerminal(previous) ? current.status : draft.fields;
  const { spec } = current;
  return {
    ...fields,
    // One that was stored by a clock that was ahead would never pass.
    ...(fields.deadline !== undefined && {
      deadline: rfc3339(roundUpToSecond(deadlineOf({ spec, status: fields }, now))),
    }),
    observedGeneration,
    conditions: runConditions(draft.verdicts, previous, observedGeneration, now),
  };
}

/**
 * Of a run that ends: when, and after how long. The stage stays, as the place where it ended; the Progress
 * column has nothing more to tell.
 */
function withCompletion(fields: Fields, reason: SucceededReason, now: Date): Fields {
  if (succeededReasons[reason].status === 'Unknown') {
    return fields;
  }
  const { startTime, progress } = fields;
  const completionTime = rfc3339(now);
  return {
    ...fields,
    completionTime,
    ...(startTime !== undefined && {
      duration: shortDuration(Date.parse(completionTime) - Date.parse(startTime)),
    }),
    ...(progress !== undefined && { progress: { ...progress, summary: '' } }),
  };
}

/** A verdict read back from a condition; undefined for a reason this version does not know. */
function verdictIn<Reason extends string>(
  conditions: readonly Condition[],
  type: string,
  reasons: Readonly<Record<Reason, unknown>>,
): Verdict<Reason> | undefined {
  const found = conditions.find((condition) => condition.type === type);
  if (found === undefined || !isReason(found.reason, reasons)) {
    return undefined;
  }
  return { reason: found.reason, message: found.message };
}

function isReason<Reason extends string>(
  text: string,
  reasons: Readonly<Record<Reason, unknown>>,
): text is Reason {
  return Object.hasOwn(reasons, text);
}
