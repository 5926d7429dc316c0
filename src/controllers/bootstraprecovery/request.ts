import type { BootstrapRecovery, BootstrapRecoverySpec } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Overrides, RunRequest } from '../../recovery/request.ts';
import type { RecoveryVerifyPolicy } from '../../tuf/verify/verification.ts';
import type { TargetConnection } from '../target-connection/connect-target.ts';
import { targetIdentity } from '../target-connection/target-identity.ts';

/** What a request gets from the controller rather than from the objects. */
export type RunEnvironment = Pick<
  RunRequest,
  | 'now'
  | 'resumed'
  | 'mayHaveWritten'
  | 'deadline'
  | 'clock'
  | 'signal'
  | 'observer'
  | 'beforeLock'
  | 'attemptID'
  | 'onForeignLock'
  | 'refuseUnknownRoles'
>;

/**
 * The request of one attempt: the run's wishes, the target's facts, and the controller's clock, signal and
 * observer.
 */
export function runRequest(
  { metadata, spec }: BootstrapRecovery,
  target: RecoveryTarget,
  connection: Pick<TargetConnection, 'source' | 'store' | 'anchor'>,
  context: RunEnvironment,
): RunRequest {
  const { adminName, appName, mode, strategy, approvedPlan } = spec;
  return {
    taskID: metadata.uid,
    app: { adminName, appName },
    mode,
    strategy,
    approval: { kind: spec.approval, ...(approvedPlan !== undefined && { approvedPlan }) },
    uncertainValues: spec.uncertainValues,
    overrides: overridesOf(spec.overrides),
    trust: { anchor: connection.anchor, policy: policyOf(spec.trust, target.spec.trust.minimumVersions) },
    source: connection.source,
    store: connection.store,
    place: targetIdentity(target.spec, connection.anchor),
    minReplicas: target.spec.redis.minReplicas,
    ...context,
  };
}

function overridesOf(overrides: BootstrapRecoverySpec['overrides']): Overrides {
  if (overrides === undefined) {
    return {};
  }
  const { expirations, ...decisions } = overrides;
  if (expirations === undefined) {
    return decisions;
  }
  const { roles, ...topLevel } = expirations;
  return {
    ...decisions,
    expirations: {
      ...Object.fromEntries(Object.entries(topLevel).map(([role, lifetime]) => [role, daysIn(lifetime)])),
      ...(roles !== undefined && {
        roles: new Map(Object.entries(roles).map(([role, lifetime]) => [role, daysIn(lifetime)])),
      }),
    },
  };
}

/** `90` or `90d`; the schema admits nothing else. */
function daysIn(lifetime: number | string): number {
  return typeof lifetime === 'number' ? lifetime : Number.parseInt(lifetime, 10);
}

function policyOf(
  trust: BootstrapRecoverySpec['trust'],
  minimumVersions: RecoveryTarget['spec']['trust']['minimumVersions'],
): RecoveryVerifyPolicy {
  return {
    mode: 'recovery',
    ...(trust?.acceptRollbackTo !== undefined && { acceptRollbackTo: trust.acceptRollbackTo }),
    ...(trust !== undefined && { onInvalidDelegation: trust.onInvalidDelegation }),
    ...(trust?.maxExpiredAge !== undefined && { maxExpiredAgeSeconds: secondsIn(trust.maxExpiredAge) }),
    ...(minimumVersions !== undefined && { minimumVersions: { ...minimumVersions } }),
  };
}

const unitSeconds = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
  ['d', 86_400],
]);

/** `90d` → seconds; the schema admits only a whole number and one of these units. */
function secondsIn(age: string): number {
  return Number(age.slice(0, -1)) * (unitSeconds.get(age.slice(-1)) ?? 1);
}
