import type { Verdict } from '../../api/conditions.ts';
import type { RecoveryTarget, RecoveryTargetStatus } from '../../api/recoverytarget.generated.ts';
import { rfc3339 } from '../../api/stored-time.ts';
import { targetConditions } from '../../api/target-conditions.ts';
import type { LossDetectionReason } from '../../api/target-reasons.ts';
import type { Probe } from './probe.ts';

/** The status after a look at the target; `suspended` keeps what was seen last. */
export function targetStatus(
  { metadata, status }: Pick<RecoveryTarget, 'metadata' | 'status'>,
  probe: Probe | 'suspended',
  lossDetection: Verdict<LossDetectionReason>,
  now: Date,
): RecoveryTargetStatus {
  const observedGeneration = metadata.generation ?? 1;
  const verdicts = probe === 'suspended' ? probe : { ...probe.verdicts, lossDetection };
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
