import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { AcceptedReason, SucceededReason } from '../../api/reasons.ts';
import { errorAnswer, type HTTPAnswer } from '../http/answer.ts';
import { conditionOf, isFinished } from './run-conditions.ts';

/** What the controller has said about a run so far. */
export type ControllerDecision =
  | { readonly kind: 'pending' }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly answer: HTTPAnswer };

/**
 * Reads the decision from a run's conditions. `Accepted` decides; a run that ended without it is judged by
 * `Succeeded`, so that a caller does not wait for an answer that will not come.
 */
export function decisionOf(run: BootstrapRecovery): ControllerDecision {
  const accepted = conditionOf(run, 'Accepted');
  if (accepted?.status === 'True') {
    return { kind: 'accepted' };
  }
  if (accepted?.status === 'False' && !saysMoreLater.has(accepted.reason)) {
    // A reason of a newer controller is in no table: a refusal all the same.
    return refused(run, isRefused(accepted.reason) ? accepted.reason : 'Denied');
  }
  if (!isFinished(run)) {
    return { kind: 'pending' };
  }
  const ending = endings[conditionOf(run, 'Succeeded')?.reason as SucceededReason];
  const refusal = ending ?? (accepted?.status === 'False' ? 'Denied' : undefined);
  return refusal === undefined ? { kind: 'accepted' } : refused(run, refusal);
}

/** Reasons of `Accepted` that only `Succeeded` explains, a moment later. */
const saysMoreLater: ReadonlySet<string> = new Set<AcceptedReason>(['Denied', 'InvalidReference']);

/** True once waiting for the decision makes no sense any more. */
export function isDecided(run: BootstrapRecovery): boolean {
  return isFinished(run) || decisionOf(run).kind !== 'pending';
}

/** The reasons of `Accepted` False, and ways a run ends before it gets to decide. */
type Refused =
  | Exclude<AcceptedReason, 'RecoveryRequired'>
  | 'CorruptType'
  | 'SourceUnavailable'
  | 'RedisUnavailable';

/** How a refused run is answered: texts and codes are the server's where the server has the case. */
type RefusalText = readonly [status: number, text: (run: BootstrapRecovery) => string];

const refusals: Readonly<Record<Refused, RefusalText>> = {
  NotRequired: [409, () => 'Recovery not required: Redis state is already complete and consistent'],
  BootstrapInProgress: [
    409,
    (run) =>
      `Bootstrap already in progress for this admin and app (task_id=${run.status.blockingTaskID ?? 'unknown'})`,
  ],
  RecoveryInProgress: [409, () => 'Recovery already in progress for this admin and app'],
  NoPersistedRoot: [
    409,
    () => 'No persisted root metadata found. Bootstrap must be completed before recovery.',
  ],
  CorruptType: [503, () => 'Failed to evaluate recovery precheck'],
  SourceUnavailable: [503, () => 'Failed to determine bootstrap state from persistent metadata'],
  RedisUnavailable: [500, () => 'Failed to acquire recovery lock'],
  // The server knows no such cases: the run's own message, which is written for people and holds no secrets.
  InvalidReference: [409, (run) => `Recovery refused: ${messageOf(run)}`],
  Denied: [409, (run) => `Recovery refused: ${messageOf(run)}`],
};

/**
 * Runs that end like this never began, in the server's eyes. Every other failure is the task's, after a 202.
 */
const endings: Partial<Record<SucceededReason, Refused>> = {
  AlreadyConsistent: 'NotRequired',
  SourceNotBootstrapped: 'NoPersistedRoot',
  SourceAccessDenied: 'SourceUnavailable',
  SourceNotFound: 'SourceUnavailable',
  RedisAccessDenied: 'RedisUnavailable',
  RedisAuthRequired: 'RedisUnavailable',
  RedisWrongPassword: 'RedisUnavailable',
  RedisTLSFailed: 'RedisUnavailable',
  RedisReadOnly: 'RedisUnavailable',
  RedisUnsupported: 'RedisUnavailable',
  BootstrapInProgress: 'BootstrapInProgress',
  InvalidReference: 'InvalidReference',
  CorruptType: 'CorruptType',
  Denied: 'Denied',
};

function isRefused(reason: string): reason is Refused {
  return Object.hasOwn(refusals, reason);
}

function refused(run: BootstrapRecovery, refusal: Refused): ControllerDecision {
  const [status, text] = refusals[refusal];
  return { kind: 'refused', answer: errorAnswer(status, text(run)) };
}

function messageOf(run: BootstrapRecovery): string {
  return conditionOf(run, 'Succeeded')?.message ?? 'no reason given';
}
