import type { Verdict } from '../../api/conditions.ts';
import type {
  RedisReachableReason,
  StorageReachableReason,
  TrustRootReason,
} from '../../api/target-reasons.ts';
import { type ErrorCode, RecoveryError } from '../../errors.ts';
import { ForbiddenError } from '../target-connection/missing-permission.ts';

/** Redis' ways to fail that are not simply "does not answer". */
const redisReasons: Partial<Record<ErrorCode, RedisReachableReason>> = {
  RedisAuthRequired: 'RedisAccessDenied',
  RedisWrongPassword: 'RedisAccessDenied',
  RedisNoPermission: 'RedisAccessDenied',
  RedisReadOnly: 'RedisReadOnly',
  RedisClusterUnsupported: 'RedisUnsupported',
  InvalidReference: 'InvalidReference',
  ReferenceNotFound: 'ReferenceNotFound',
};

/** Storage's ways to fail that are not simply "does not answer". */
const storageReasons: Partial<Record<ErrorCode, StorageReachableReason>> = {
  AccessDenied: 'SourceAccessDenied',
  NotFound: 'SourceNotFound',
  InvalidReference: 'InvalidReference',
  ReferenceNotFound: 'ReferenceNotFound',
};

/** What a failed look at Redis says about the target. Errors that say nothing about it are thrown on. */
export function redisFailure(error: unknown): Verdict<RedisReachableReason> {
  return verdict(error, (code) => redisReasons[code] ?? 'RedisUnreachable');
}

/** What a failed look at storage says about the target. */
export function storageFailure(error: unknown): Verdict<StorageReachableReason> {
  return verdict(error, (code) => storageReasons[code] ?? 'SourceUnavailable');
}

/** What a trusted root that can't be read says about the target. */
export function trustFailure(error: unknown): Verdict<TrustRootReason> {
  return verdict(error, (code) => (code === 'ReferenceNotFound' ? code : 'InvalidReference'));
}

function verdict<Reason extends string>(
  error: unknown,
  reasonOf: (code: ErrorCode) => Reason,
): Verdict<Reason | 'Forbidden'> {
  if (error instanceof ForbiddenError) {
    return { reason: 'Forbidden', message: error.message };
  }
  if (error instanceof RecoveryError) {
    return { reason: reasonOf(error.code), message: error.message };
  }
  throw error;
}
