import type { Verdict } from '../../api/conditions.ts';
import { policyConditions } from '../../api/policy-conditions.ts';
import type {
  CircuitOpenReason,
  LossDetectedReason,
  PolicyReadyReason,
  UnverifiableReason,
} from '../../api/policy-reasons.ts';
import type { RecoveryPolicySpec, RecoveryPolicyStatus } from '../../api/recoverypolicy.generated.ts';
import { rfc3339 } from '../../api/settle.ts';
import { describeApp } from '../../faynosync/app.ts';
import { type Decision, nextLook, type PolicyFacts } from './decide.ts';
import { type AppEntry, isLost, isUnverifiable } from './entry.ts';
import { allowedFrom, needsRecovery, openRecovery } from './pending-recoveries.ts';

/** Apps named in the message of a condition; the status holds all of them. */
const named = 5;

/** The status of a policy after what was decided has been done. */
export function policyStatus(
  facts: PolicyFacts,
  decision: Decision,
  entries: readonly AppEntry[],
): RecoveryPolicyStatus {
  const { policy, now } = facts;
  const { metadata, spec, status } = policy;
  const observedGeneration = metadata.generation ?? 1;
  const looking = decision.kind === 'look';
  const next = looking ? nextLook(entries, spec) : undefined;
  const lastTime = looking && decision.due.length > 0 ? rfc3339(now) : status.lastVerificationTime;
  const trigger = looking ? spec.trigger : status.lastHandledTrigger;
  const verdicts = {
    ready: looking ? readiness(facts, entries) : decision.ready,
    lossDetected: loss(entries, spec),
    circuitOpen: circuit(entries, spec, now),
  };
  return {
    observedGeneration,
    ...(lastTime !== undefined && { lastVerificationTime: lastTime }),
    ...(next !== undefined && { nextVerificationTime: rfc3339(next) }),
    ...(trigger !== undefined && { lastHandledTrigger: trigger }),
    appCount: entries.length,
    lostCount: entries.filter(isLost).length,
    apps: entries,
    active: entries.flatMap((entry) => {
      const { adminName, appName } = entry;
      const open = openRecovery(entry);
      return open === undefined ? [] : [{ name: open.name, adminName, appName }];
    }),
    conditions: policyConditions(verdicts, status.conditions ?? [], observedGeneration, now),
  };
}

function readiness(
  { policy, target }: PolicyFacts,
  entries: readonly AppEntry[],
): Verdict<PolicyReadyReason> {
  const unverifiable = entries.filter(isUnverifiable);
  const [first] = unverifiable;
  if (first !== undefined) {
    const more = unverifiable.length > 1 ? ` So it is for ${unverifiable.length - 1} more.` : '';
    return {
      // Written by `looked` from this very vocabulary.
      reason: first.reason as UnverifiableReason,
      message: `${describeApp(first)} could not be verified: ${first.message}${more}`,
    };
  }
  if (policy.spec.action === 'Recover' && target?.spec.accessMode === 'ReadOnly') {
    return {
      reason: 'TargetReadOnly',
      message: `RecoveryTarget ${policy.metadata.namespace}/${policy.spec.targetRef.name} is ReadOnly, so losses are only reported. Set its accessMode to ReadWrite, or action: Report.`,
    };
  }
  const message = entries.length === 1 ? 'One app is looked at.' : `${entries.length} apps are looked at.`;
  return { reason: 'Verified', message };
}

function loss(entries: readonly AppEntry[], spec: RecoveryPolicySpec): Verdict<LossDetectedReason> {
  const lost = entries.filter(isLost);
  if (lost.length > 0) {
    return { reason: 'SettingsLost', message: list(lost, (entry) => lossOf(entry, spec)) };
  }
  return entries.some(({ lastVerified }) => lastVerified !== undefined)
    ? { reason: 'NothingLost', message: 'No app had lost anything when it was last verified.' }
    : { reason: 'NotVerified', message: 'No app has been verified yet.' };
}

function lossOf(entry: AppEntry, { action, failureThreshold }: RecoveryPolicySpec): string {
  const open = openRecovery(entry);
  const left = failureThreshold - entry.consecutiveLosses;
  const next =
    open !== undefined
      ? `recovery ${open.name} is under way`
      : action === 'Report'
        ? 'create a BootstrapRecovery to repair it'
        : left > 0
          ? `a recovery follows after ${left} more`
          : 'a recovery follows';
  const state = isUnverifiable(entry) ? 'a loss' : entry.state;
  return `${describeApp(entry)}: ${state}, found ${inARow(entry.consecutiveLosses)}; ${next}.`;
}

/** `once`, `3 times in a row`. */
export function inARow(count: number): string {
  return count === 1 ? 'once' : `${count} times in a row`;
}

function circuit(
  entries: readonly AppEntry[],
  spec: RecoveryPolicySpec,
  now: Date,
): Verdict<CircuitOpenReason> {
  const held = spec.action === 'Recover' ? entries.filter((entry) => heldUntil(entry, spec, now)) : [];
  if (held.length === 0) {
    return { reason: 'WithinLimit', message: 'No app waits for a recovery that the limit forbids.' };
  }
  const message = list(
    held,
    (entry) =>
      `${describeApp(entry)}: lost its settings again after ${spec.maxRecoveriesPerHour === 1 ? 'a recovery' : `${spec.maxRecoveriesPerHour} recoveries`} within an hour; the next one is created after ${rfc3339(heldUntil(entry, spec, now) ?? now)}.`,
  );
  return { reason: 'TooManyRecoveries', message: `${message} Find out what deletes them.` };
}

/** Until when the limit forbids a recovery that the app needs. */
function heldUntil(entry: AppEntry, spec: RecoveryPolicySpec, now: Date): Date | undefined {
  return needsRecovery(entry, spec) ? allowedFrom(entry, spec, now) : undefined;
}

function list(entries: readonly AppEntry[], describe: (entry: AppEntry) => string): string {
  const more = entries.length > named ? [`So it is for ${entries.length - named} more.`] : [];
  return [...entries.slice(0, named).map(describe), ...more].join(' ');
}
