import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '../../api/condition.ts';
import type { Verdict } from '../../api/conditions.ts';
import type { RecoveryTarget, RecoveryTargetStatus } from '../../api/recoverytarget.generated.ts';
import { elapsedMs, rfc3339, targetHeartbeatMs } from '../../api/stored-time.ts';
import { targetConditions } from '../../api/target-conditions.ts';
import type { LossDetectionReason, OnlineKeysReason } from '../../api/target-reasons.ts';
import type { Probe } from './probe.ts';

/**
 * The status of a target that waits to be probed: what was seen last is not known to be so any more.
 * Undefined while it may still be believed, and when that was said already.
 *
 * @param seenForMs milliseconds since the target was seen; Infinity when that is not known
 */
export function unknownStatus(
  { spec, status }: Pick<RecoveryTarget, 'spec' | 'status'>,
  message: string,
  seenForMs: number,
  now: Date,
): RecoveryTargetStatus | undefined {
  const { observedGeneration, conditions = [] } = status;
  const verdict = { reason: 'NotChecked', message } as const;
  const isSaid = findCondition(conditions, 'Ready')?.reason === verdict.reason;
  if (isSaid || seenForMs < believedMs({ spec })) {
    return undefined;
  }
  const detection = findCondition(conditions, 'LossDetection');
  const verdicts = { redisReachable: verdict, storageReachable: verdict, trustRootLoaded: verdict };
  const looked = targetConditions(verdicts, conditions, Math.max(0, observedGeneration ?? 0), now);
  return { ...status, conditions: [...looked, ...(detection === undefined ? [] : [detection])] };
}

/** Milliseconds for which what was seen last is believed while the target waits for its turn. */
export function believedMs({ spec }: Pick<RecoveryTarget, 'spec'>): number {
  return 2 * spec.validationIntervalSeconds * 1000;
}

/**
 * Whether an earlier process may have seen the target so recently that it is still to be believed: it wrote
 * that it did at the latest six hours before it saw it last.
 */
export function mayBeBelieved({ spec, status }: Pick<RecoveryTarget, 'spec' | 'status'>, now: Date): boolean {
  return elapsedMs(status.lastValidationTime, now) < targetHeartbeatMs + believedMs({ spec });
}

/** Whether a status says something new, or nothing has been written for six hours. */
export function isTargetStatusWorthWriting(
  before: RecoveryTargetStatus,
  after: RecoveryTargetStatus,
  now: Date,
): boolean {
  const { lastValidationTime, ...was } = before;
  const { lastValidationTime: _, ...is } = after;
  return elapsedMs(lastValidationTime, now) >= targetHeartbeatMs || !isDeepStrictEqual(was, is);
}

/** The status after a look at the target; `suspended` keeps what was seen last. */
export function targetStatus(
  { metadata, status }: Pick<RecoveryTarget, 'metadata' | 'status'>,
  probe: Probe | 'suspended',
  watched: {
    readonly lossDetection: Verdict<LossDetectionReason>;
    readonly onlineKeys: Verdict<OnlineKeysReason>;
  },
  now: Date,
): RecoveryTargetStatus {
  const observedGeneration = metadata.generation ?? 1;
  const verdicts = probe === 'suspended' ? probe : { ...probe.verdicts, ...watched };
  const conditions = targetConditions(verdicts, status.conditions ?? [], observedGeneration, now);
  if (probe === 'suspended') {
    return { ...status, observedGeneration, conditions };
  }
  const { redis, apps } = probe;
  return {
    observedGeneration,
    lastValidationTime: rfc3339(now),
    ...(redis !== undefined && {
      redis: {
        ...(redis.version !== undefined && { version: redis.version }),
        ...(redis.role !== undefined && { role: redis.role }),
        ...(redis.clockSkewSeconds !== undefined && { clockSkewSeconds: redis.clockSkewSeconds }),
        ...(redis.refusedCommands !== undefined && { refusedCommands: redis.refusedCommands }),
        warnings: redis.warnings,
      },
    }),
    ...(apps !== undefined && {
      appCount: apps.length,
      apps: apps.map(({ adminName, appName, rootVersion }) => ({
        adminName,
        appName,
        ...(rootVersion !== undefined && { rootVersion }),
      })),
    }),
    conditions,
  };
}
