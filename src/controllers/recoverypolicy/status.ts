import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../api/condition.ts';
import type { Verdict } from '../../api/conditions.ts';
import { policyConditions } from '../../api/policy-conditions.ts';
import type {
  CircuitOpenReason,
  LossDetectedReason,
  PolicyReadyReason,
  UnverifiableReason,
} from '../../api/policy-reasons.ts';
import type { RecoveryPolicy, RecoveryPolicyStatus } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { describeApp } from '../../faynosync/app.ts';
import { openRecovery } from '../bootstrapstate/recoveries/records.ts';

/** Everything the status of a policy is made from. */
export interface PolicyStatusFacts {
  readonly policy: RecoveryPolicy;
  readonly target: Pick<RecoveryTarget, 'spec'> | undefined;
  /** Of the apps it covers. */
  readonly states: readonly BootstrapState[];
  /** Apps that have no object yet. */
  readonly missing: number;
  /** Why it guards nothing. */
  readonly obstacle: Verdict<PolicyReadyReason> | undefined;
  /** Every app was verified since the policy, its trigger included, was changed last. */
  readonly isHandled: boolean;
  /** Every app has taken over what earlier versions remembered here. */
  readonly isMigrated: boolean;
  readonly now: Date;
}

/** Most apps named in the message of a condition; each has an object of its own. */
const maxNamed = 5;

/** The status of a policy: numbers, and the first few names. Pure. */
export function policyStatus(facts: PolicyStatusFacts): RecoveryPolicyStatus {
  const { policy, states, isHandled, isMigrated, now } = facts;
  const { metadata, spec, status } = policy;
  const observedGeneration = metadata.generation ?? 1;
  const trigger = isHandled ? spec.trigger : status.lastHandledTrigger;
  const count = (matches: (state: BootstrapState) => boolean): number => states.filter(matches).length;
  const verdicts = {
    ready: facts.obstacle ?? readiness(facts),
    lossDetected: loss(states),
    circuitOpen: circuit(states),
  };
  return {
    observedGeneration,
    ...(trigger !== undefined && { lastHandledTrigger: trigger }),
    appCount: states.length,
    healthyCount: count((state) => isTrue(state, 'Healthy')),
    lostCount: count(isLost),
    unverifiableCount: count(isUnverifiable),
    recoverableCount: count((state) => isTrue(state, 'Recoverable')),
    freshCount: count((state) => isTrue(state, 'Fresh')),
    recoveringCount: count((state) => openRecovery(state.status) !== undefined),
    ...(!isMigrated && status.apps !== undefined && { apps: status.apps }),
    conditions: policyConditions(verdicts, status.conditions ?? [], observedGeneration, now),
  };
}

/** Whether an app has lost something that is not back yet. */
function isLost({ status }: BootstrapState): boolean {
  return status.lossDetectedTime !== undefined;
}

/** Whether nothing is known of an app, because something could not be read or is not trusted. */
function isUnverifiable({ status }: BootstrapState): boolean {
  return status.state === 'Unverifiable';
}

function isTrue({ status }: BootstrapState, type: string): boolean {
  return findCondition(status.conditions, type)?.status === 'True';
}

function readiness({ policy, target, states, missing }: PolicyStatusFacts): Verdict<PolicyReadyReason> {
  const unverifiable = states.filter(isUnverifiable);
  const [first] = unverifiable;
  const healthy = findCondition(first?.status.conditions, 'Healthy');
  if (first !== undefined && healthy !== undefined) {
    const more = unverifiable.length > 1 ? ` The same holds for ${unverifiable.length - 1} more.` : '';
    return {
      // An unverifiable app's reason is written from this very vocabulary.
      reason: healthy.reason as UnverifiableReason,
      message: `${describeApp(first.spec)} could not be verified: ${healthy.message}${more}`,
    };
  }
  const waiting = missing + states.filter(({ status }) => status.lastVerificationTime === undefined).length;
  if (waiting > 0) {
    return { reason: 'Verifying', message: `${appsOf(waiting)} not been verified yet.` };
  }
  if (policy.spec.action === 'Recover' && target?.spec.accessMode === 'ReadOnly') {
    return {
      reason: 'TargetReadOnly',
      message: `RecoveryTarget ${policy.metadata.namespace}/${policy.spec.targetRef.name} is ReadOnly, so losses are only reported. Set its accessMode to ReadWrite, or action: Report.`,
    };
  }
  return {
    reason: 'Verified',
    message: states.length === 1 ? 'One app is guarded.' : `${states.length} apps are guarded.`,
  };
}

function appsOf(count: number): string {
  return count === 1 ? 'One app has' : `${count} apps have`;
}

function loss(states: readonly BootstrapState[]): Verdict<LossDetectedReason> {
  const lost = states.filter(isLost);
  if (lost.length > 0) {
    return { reason: 'SettingsLost', message: list(lost, 'Healthy') };
  }
  return states.some(({ status }) => status.lastVerificationTime !== undefined)
    ? { reason: 'NothingLost', message: 'No app has lost anything.' }
    : { reason: 'NotVerified', message: 'No app has been verified yet.' };
}

function circuit(states: readonly BootstrapState[]): Verdict<CircuitOpenReason> {
  const held = states.filter((state) => isTrue(state, 'CircuitOpen'));
  return held.length > 0
    ? { reason: 'TooManyRecoveries', message: list(held, 'CircuitOpen') }
    : { reason: 'WithinLimit', message: 'No recovery is held back by maxRecoveriesPerHour.' };
}

/** The first few apps with what one of their conditions says. */
function list(states: readonly BootstrapState[], type: string): string {
  const sentences = states
    .slice(0, maxNamed)
    .map(
      ({ spec, status }) => `${describeApp(spec)}: ${findCondition(status.conditions, type)?.message ?? ''}`,
    );
  const more = states.length > maxNamed ? [`The same holds for ${states.length - maxNamed} more.`] : [];
  return [...sentences, ...more].join(' ');
}
