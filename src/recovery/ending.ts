import type { Verdict } from '../api/conditions.ts';
import { type SucceededReason, succeededReasons } from '../api/reasons.ts';
import { type ErrorCode, RecoveryError, TerminalError, TransientError } from '../errors.ts';
import type { Outcome } from './outcome.ts';

/** How an attempt ends: what it says, whether another may follow, and the error behind it. */
export interface Ending {
  readonly succeeded: Verdict<SucceededReason>;
  readonly retry: Outcome['retry'];
  readonly error?: RecoveryError;
}

/** An end for good. */
export function finalEnding(reason: SucceededReason, message: string): Ending {
  return { succeeded: { reason, message }, retry: 'none' };
}

/**
 * What each terminal error means for the run. Total: a new error code does not compile until it stands here.
 * What passes by nature (a throttle, no answer) is terminal only when the code that throws it has tried for
 * long enough.
 */
const reasons: Readonly<Record<ErrorCode, SucceededReason>> = {
  AccessDenied: 'SourceAccessDenied',
  NotFound: 'SourceNotFound',
  TooLarge: 'TrustVerificationFailed',
  StoredEncoded: 'TrustVerificationFailed',
  Throttled: 'BackoffLimitExceeded',
  StorageUnreachable: 'BackoffLimitExceeded',
  InvalidSource: 'InvalidReference',
  MetadataRefused: 'TrustVerificationFailed',
  RedisUnreachable: 'BackoffLimitExceeded',
  RedisTimeout: 'BackoffLimitExceeded',
  RedisLoading: 'BackoffLimitExceeded',
  RedisReadOnly: 'RedisReadOnly',
  RedisAuthRequired: 'RedisAuthRequired',
  RedisWrongPassword: 'RedisWrongPassword',
  RedisNoPermission: 'RedisAccessDenied',
  RedisOutOfMemory: 'RedisOutOfMemory',
  RedisPersistenceFailed: 'RedisPersistenceFailed',
  RedisClusterUnsupported: 'RedisUnsupported',
  RedisTLS: 'RedisTLSFailed',
  RedisUnexpectedReply: 'RedisUnsupported',
  InvalidInput: 'InvalidReference',
  InvalidReference: 'InvalidReference',
  // A run of the controller waits for it instead of ending.
  ReferenceNotFound: 'InvalidReference',
  Aborted: 'Cancelled',
  DeadlineExceeded: 'DeadlineExceeded',
};

/**
 * How an attempt ends by an error. Transient ones are worth another attempt; anything that is not of the
 * taxonomy is a bug and thrown on.
 */
export function endingOfError(error: unknown): Ending {
  if (!(error instanceof RecoveryError)) {
    throw error;
  }
  const { message, code } = error;
  return error instanceof TransientError
    ? { succeeded: { reason: 'Retrying', message }, retry: 'backoff', error }
    : { succeeded: { reason: reasons[code], message }, retry: 'none', error };
}

/**
 * How an attempt ends that was aborted: undecided when the process that runs it goes away and can start it
 * again, for good when a person cancelled it.
 */
export function endingOfAbort(reason: unknown): Ending {
  if (reason instanceof TransientError) {
    return { succeeded: { reason: 'Running', message: reason.message }, retry: 'wait', error: reason };
  }
  const error = new TerminalError(
    'Aborted',
    'The run was cancelled. Redis holds the old or the new state, never a mixture.',
    { cause: reason },
  );
  return { succeeded: { reason: 'Cancelled', message: error.message }, retry: 'none', error };
}

/** How an attempt ends that could not begin because another recovery holds the lock. */
export function lockedEnding(message: string): Ending {
  return { succeeded: { reason: 'WaitingForLock', message }, retry: 'wait' };
}

/** How a run ends that has waited long enough for the lock of another recovery. */
export function lockWaitExpired(message: string, waitedMs: number): Ending {
  return finalEnding(
    'DeadlineExceeded',
    `${message} The run waited ${Math.round(waitedMs / 1000)} s for it. Check that task, and create a new run when it has ended.`,
  );
}

/** Whether the error came from Redis rather than from storage or the caller. */
export function isRedisError(error: RecoveryError | undefined): boolean {
  return error?.origin === 'redis';
}

/** Whether the end is a success. */
export function isSuccess({ succeeded }: Ending): boolean {
  return succeededReasons[succeeded.reason].status === 'True';
}
