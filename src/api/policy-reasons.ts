import { type ReasonDoc, type SucceededReason, succeededReasons } from './reasons.ts';

/**
 * Reasons of a RecoveryPolicy's `Ready`, besides the reason of the first app that could not be verified: one
 * of those of `Succeeded` of a run that failed, or of {@link unverifiableReasons}.
 */
export const policyReadyReasons = {
  Verified: {
    status: 'True',
    meaning: 'Every app could be verified; LossDetected says whether one has lost something.',
    next: '',
  },
  Verifying: {
    status: 'False',
    meaning: 'Some apps have not been verified yet.',
    next: '',
  },
  NoApps: {
    status: 'False',
    meaning: 'The bucket of the RecoveryTarget holds no app, so there is nothing to guard.',
    next: 'Check bucket and prefix of the target; name the apps under spec.apps if its credentials may not list all of the bucket.',
  },
  WaitingForTarget: {
    status: 'False',
    meaning: 'The RecoveryTarget does not exist, is suspended, or its bucket has not been listed yet.',
    next: 'Create it or release it; the policy then starts.',
  },
  TargetReadOnly: {
    status: 'False',
    meaning: 'The policy is to recover, and its RecoveryTarget allows no writes. Losses are only reported.',
    next: 'Set accessMode: ReadWrite on the target, or action: Report on the policy.',
  },
  Suspended: {
    status: 'True',
    meaning: 'spec.suspend is set: nothing is guarded and no runs are created, as its spec says.',
    next: 'Set spec.suspend: false.',
  },
} as const satisfies Record<string, ReasonDoc>;

/** Why an app could not be verified just now, where a run would simply have tried again. */
export const unverifiableReasons = {
  RedisUnreachable: {
    status: 'False',
    meaning: 'Redis did not answer, or is still loading its data, so nothing is known about the settings.',
    next: 'Check address, network policies and certificates; the check is repeated automatically.',
  },
  SourceUnavailable: {
    status: 'False',
    meaning: 'The store did not answer or throttles, so the metadata could not be verified.',
    next: 'Check endpoint and network policies; the check is repeated automatically.',
  },
  Forbidden: {
    status: 'False',
    meaning: 'The controller itself may not read something in this namespace.',
    next: 'Grant its ServiceAccount the permission the message names.',
  },
  ReferenceNotFound: {
    status: 'False',
    meaning: 'A Secret or ConfigMap that the RecoveryTarget refers to, or a key in it, does not exist yet.',
    next: 'The message names it. Create it, or wait for what creates it; the apps are then verified at once.',
  },
} as const satisfies Record<string, ReasonDoc>;

/** Why an app could not be verified. */
export type UnverifiableReason = SucceededReason | keyof typeof unverifiableReasons;

/** Failures that end without a person: what is checked again and again finds out. */
const passing: ReadonlySet<string> = new Set([
  'RedisUnreachable',
  'SourceUnavailable',
  // The controller's own permissions; nothing about the object is wrong.
  'Forbidden',
  // A Secret may come later than the objects that name it.
  'ReferenceNotFound',
  'BackoffLimitExceeded',
  'DeadlineExceeded',
  'Conflict',
  'BootstrapInProgress',
  'WaitingForTarget',
  'Verifying',
  'NoApps',
]);

/**
 * Whether the reason of a target, a policy or an app that is not well stays until a person changes something:
 * kstatus then calls it Failed instead of waiting for it. A run is different: it ends for good.
 */
export function isPermanent(reason: string): boolean {
  const ofRun: Readonly<Partial<Record<string, { readonly status: string }>>> = succeededReasons;
  return !passing.has(reason) && ofRun[reason]?.status !== 'Unknown';
}

/** A reason of a RecoveryPolicy's `Ready`. */
export type PolicyReadyReason = keyof typeof policyReadyReasons | UnverifiableReason;

/** Reasons of a RecoveryPolicy's `LossDetected`. */
export const lossDetectedReasons = {
  SettingsLost: {
    status: 'True',
    meaning: 'Settings of an app are missing or invalid in Redis.',
    next: 'kubectl get bootstrapstates shows which apps. With action Recover they are repaired; otherwise create a BootstrapRecovery for each.',
  },
  NothingLost: {
    status: 'False',
    meaning: 'No app has lost anything.',
    next: '',
  },
  NotVerified: {
    status: 'Unknown',
    meaning: 'No app has been verified yet.',
    next: 'Ready says why.',
  },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of `LossDetected`. */
export type LossDetectedReason = keyof typeof lossDetectedReasons;

/** Reasons of a RecoveryPolicy's `CircuitOpen`. */
export const circuitOpenReasons = {
  TooManyRecoveries: {
    status: 'True',
    meaning:
      'An app has lost its settings again after as many recoveries within an hour as spec.maxRecoveriesPerHour allows; no more are created for it.',
    next: 'Find out what deletes its settings: an eviction policy, no persistence, another program. The message says when the next recovery is created.',
  },
  WithinLimit: {
    status: 'False',
    meaning: 'No recovery is held back by maxRecoveriesPerHour.',
    next: '',
  },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of `CircuitOpen`. */
export type CircuitOpenReason = keyof typeof circuitOpenReasons;
