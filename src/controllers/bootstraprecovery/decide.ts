import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { findCondition } from '../../api/condition.ts';
import { isTerminal, type Verdict } from '../../api/conditions.ts';
import type { SucceededReason } from '../../api/reasons.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { elapsedMs, remainingMs } from '../../api/stored-time.ts';
import { LONGEST_LOCK_PAUSE_MS, LONGEST_PAUSE_MS } from '../../recovery/retry.ts';

/** Everything the decision depends on. */
export interface RunFacts {
  readonly run: Pick<BootstrapRecovery, 'metadata' | 'spec' | 'status'>;
  /** The RecoveryTarget the run names, when there is one that is not being deleted. */
  readonly target: Pick<RecoveryTarget, 'spec'> | undefined;
  readonly now: Date;
  /** This installation: namespace and name of its leader-election lease. */
  readonly installation: string;
}

/** What happens next to a run. */
export type RunDecision =
  /** It is being deleted: give back the lock and let it go. */
  | { readonly kind: 'release' }
  /** Its time to live is over: delete it. */
  | { readonly kind: 'expire' }
  /** It has ended: see that its status follows the generation and that nothing is held. */
  | { readonly kind: 'finished'; readonly wakeAfterMs?: number }
  /** Nothing changes before this time. */
  | { readonly kind: 'sleep'; readonly wakeAfterMs: number }
  /** It waits for a person: its status says so. */
  | { readonly kind: 'wait'; readonly verdict: Verdict<SucceededReason> }
  /** It ends without another attempt. */
  | { readonly kind: 'end'; readonly verdict: Verdict<SucceededReason> }
  /** Start, or take up again, this attempt. */
  | { readonly kind: 'attempt'; readonly attempt: number; readonly deadline: Date };

/** Milliseconds that the lock of a run outlives its deadline. */
const lockMarginMs = 30_000;

/** One reason not to go on; undefined passes the question to the next check. */
type Check = (facts: RunFacts) => RunDecision | undefined;

/** In this order: the first check that objects decides. */
const checks: readonly Check[] = [
  beingDeleted,
  ended,
  servedElsewhere,
  cancelled,
  suspended,
  deadlineExceeded,
  targetMissing,
  targetSuspended,
  targetReadOnly,
  notApproved,
  backingOff,
];

/** What to do about a run, from facts alone. */
export function decideRun(facts: RunFacts): RunDecision {
  for (const check of checks) {
    const decision = check(facts);
    if (decision !== undefined) {
      return decision;
    }
  }
  return nextAttempt(facts);
}

function beingDeleted({ run }: RunFacts): RunDecision | undefined {
  return run.metadata.deletionTimestamp === undefined ? undefined : { kind: 'release' };
}

/** Terminal is terminal, whatever the spec says by now; only the time to live still counts. */
function ended({ run, now }: RunFacts): RunDecision | undefined {
  if (!isTerminal(run.status.conditions ?? [])) {
    return undefined;
  }
  const { ttlSecondsAfterFinished } = run.spec;
  const { completionTime } = run.status;
  if (ttlSecondsAfterFinished === undefined || completionTime === undefined) {
    return { kind: 'finished' };
  }
  const leftMs = ttlSecondsAfterFinished * 1000 - elapsedMs(completionTime, now);
  return leftMs <= 0 ? { kind: 'expire' } : { kind: 'finished', wakeAfterMs: leftMs };
}

/**
 * Another installation is at work, and may be for as long as its deadline and its lock last. Should it be
 * gone, the run is taken over after that.
 */
function servedElsewhere({ run, now, installation }: RunFacts): RunDecision | undefined {
  const { controller, deadline } = run.status;
  if (controller === undefined || controller === installation || deadline === undefined) {
    return undefined;
  }
  const longestMs = run.spec.timeoutSeconds * 1000 + lockMarginMs;
  const ends = new Date(Date.parse(deadline) + lockMarginMs).toISOString();
  const leftMs = remainingMs(ends, longestMs, now);
  return leftMs <= 0 ? undefined : { kind: 'sleep', wakeAfterMs: Math.min(leftMs, LONGEST_PAUSE_MS) };
}

function cancelled({ run }: RunFacts): RunDecision | undefined {
  if (!run.spec.cancel) {
    return undefined;
  }
  const message = hasStarted(run)
    ? 'Cancelled as asked for; Redis holds the old or the new state, never a mixture.'
    : 'Cancelled before it started; nothing was written.';
  return { kind: 'end', verdict: { reason: 'Cancelled', message } };
}

function suspended({ run }: RunFacts): RunDecision | undefined {
  if (!run.spec.suspend || hasStarted(run)) {
    return undefined;
  }
  const message = 'spec.suspend is set. Set it to false to start the run.';
  return { kind: 'wait', verdict: { reason: 'Suspended', message } };
}

/**
 * The deadline stands in the status, so it holds across restarts; while a person is awaited there is none.
 */
function deadlineExceeded({ run, now }: RunFacts): RunDecision | undefined {
  if (run.status.deadline === undefined || deadlineOf(run, now) > now) {
    return undefined;
  }
  const last = findCondition(run.status.conditions, 'Succeeded');
  const before = last === undefined ? '' : ` Before that: ${last.reason}: ${last.message}`;
  const message = `The run did not end within its ${run.spec.timeoutSeconds} s.${before}`;
  return { kind: 'end', verdict: { reason: 'DeadlineExceeded', message } };
}

function targetMissing({ run, target }: RunFacts): RunDecision | undefined {
  if (target !== undefined) {
    return undefined;
  }
  const message = `RecoveryTarget ${targetName(run)} does not exist. Create it to start the run.`;
  return { kind: 'wait', verdict: { reason: 'WaitingForTarget', message } };
}

function targetSuspended({ run, target }: RunFacts): RunDecision | undefined {
  if (!target?.spec.suspend || hasStarted(run)) {
    return undefined;
  }
  const message = `RecoveryTarget ${targetName(run)} is suspended. Set its spec.suspend to false to start the run.`;
  return { kind: 'wait', verdict: { reason: 'WaitingForTarget', message } };
}

function targetReadOnly({ run, target }: RunFacts): RunDecision | undefined {
  if (run.spec.mode === 'Verify' || target?.spec.accessMode !== 'ReadOnly') {
    return undefined;
  }
  const message = `RecoveryTarget ${targetName(run)} is ReadOnly. Use mode: Verify, or set its accessMode to ReadWrite and create a new run.`;
  return { kind: 'end', verdict: { reason: 'Denied', message } };
}

/** A plan that was approved in advance is judged by the run itself: only there the digest is known. */
function notApproved({ run }: RunFacts): RunDecision | undefined {
  const digest = run.status.plan?.digest;
  if (reasonOf(run) !== 'AwaitingApproval' || digest === undefined) {
    return undefined;
  }
  if (run.spec.approvedPlan === digest) {
    return undefined;
  }
  const stale =
    run.spec.approvedPlan === undefined
      ? ''
      : ' spec.approvedPlan names another plan: Redis or the metadata have changed since.';
  const uncertain = run.status.findings?.find(({ code }) => code === 'UncertainValue');
  const doubt = uncertain === undefined ? '' : ` ${uncertain.detail}`;
  const message = `The plan is ready and nothing is written yet.${stale}${doubt} Read status.plan and set spec.approvedPlan to ${digest}.`;
  return { kind: 'wait', verdict: { reason: 'AwaitingApproval', message } };
}

/**
 * Every write of the status wakes the controller; without this check each would start the next attempt at
 * once.
 */
function backingOff({ run, now }: RunFacts): RunDecision | undefined {
  const { nextAttemptTime } = run.status;
  if (nextAttemptTime === undefined) {
    return undefined;
  }
  const leftMs = remainingMs(nextAttemptTime, LONGEST_PAUSE_MS, now);
  return leftMs <= 0 ? undefined : { kind: 'sleep', wakeAfterMs: leftMs };
}

/**
 * An attempt cut off by a restart is taken up again under its number: restarts of the controller use up no
 * attempts.
 */
function nextAttempt({ run, now }: RunFacts): RunDecision {
  const { attempts = 0 } = run.status;
  return {
    kind: 'attempt',
    attempt: attempts === 0 || reasonOf(run) === 'Retrying' ? attempts + 1 : attempts,
    deadline: deadlineOf(run, now),
  };
}

/**
 * When the run has to be done: as stored, or its whole time from now on when nothing is stored, or more than
 * it can ever have left because the clock was ahead when it was stored. A pause for the lock of another
 * recovery does not count, so it may have that left, too.
 */
export function deadlineOf(
  {
    spec,
    status,
  }: {
    readonly spec: Pick<BootstrapRecovery['spec'], 'timeoutSeconds'>;
    readonly status: Pick<BootstrapRecovery['status'], 'deadline'>;
  },
  now: Date,
): Date {
  const wholeMs = spec.timeoutSeconds * 1000;
  const { deadline } = status;
  const stored = Date.parse(deadline ?? '');
  return stored <= now.getTime()
    ? new Date(stored)
    : new Date(now.getTime() + (remainingMs(deadline, wholeMs + LONGEST_LOCK_PAUSE_MS, now) || wholeMs));
}

function hasStarted({ status }: RunFacts['run']): boolean {
  return status.startTime !== undefined;
}

function reasonOf({ status }: RunFacts['run']): string | undefined {
  return findCondition(status.conditions, 'Succeeded')?.reason;
}

function targetName({ metadata, spec }: RunFacts['run']): string {
  return `${metadata.namespace}/${spec.targetRef.name}`;
}
