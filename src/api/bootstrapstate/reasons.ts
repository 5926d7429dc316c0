import type { UnverifiableReason } from '../policy-reasons.ts';
import type { ReasonDoc } from '../reasons.ts';

/**
 * Reasons of a BootstrapState's `Healthy`, besides why an app could not be verified: a reason of `Succeeded`
 * of a run that failed, or one of `unverifiableReasons`.
 */
export const healthyReasons = {
  Consistent: {
    status: 'True',
    meaning: 'Every setting of the app is present and valid in Redis.',
    next: '',
  },
  SettingsLost: {
    status: 'False',
    meaning: 'Settings of the app are missing or invalid in Redis.',
    next: 'The message says whether a policy repairs it; otherwise create a BootstrapRecovery.',
  },
  ServerBusy: {
    status: 'Unknown',
    meaning: 'The server bootstraps the app, or another recovery is writing its settings.',
    next: 'Nothing: the app is compared again as soon as that has ended.',
  },
  NotVerified: {
    status: 'Unknown',
    meaning: 'The app has not been verified yet.',
    next: '',
  },
  NotGuarded: {
    status: 'Unknown',
    meaning:
      'No RecoveryPolicy covers the app, or every one that does is suspended. What is remembered stays in force.',
    next: 'Create or release a RecoveryPolicy; delete this object to forget the app.',
  },
  TargetUnavailable: {
    status: 'Unknown',
    meaning: 'The RecoveryTarget does not exist or is suspended.',
    next: 'Create it or set its spec.suspend to false.',
  },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of `Healthy`. */
export type HealthyReason = keyof typeof healthyReasons | UnverifiableReason;

/** Reasons of a BootstrapState's `Recoverable`, besides why its metadata is refused. */
export const recoverableReasons = {
  Exact: {
    status: 'True',
    meaning: 'A recovery from the bucket alone would write exactly what Redis holds.',
    next: '',
  },
  CopyOnly: {
    status: 'True',
    meaning: 'A recovery would restore everything, some of it only because the captured copy holds it.',
    next: 'Keep captureSettings on. Have the server sign once with the present settings, and the bucket shows them, too.',
  },
  ValuesDiffer: {
    status: 'False',
    meaning: 'A recovery would restore a setting with another value than Redis holds.',
    next: 'The message names key and values. Turn captureSettings on, or have the server sign once with the present settings.',
  },
  NotVerified: {
    status: 'Unknown',
    meaning: 'Metadata and settings have not been compared while the app was healthy.',
    next: '',
  },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of `Recoverable`. */
export type RecoverableReason = keyof typeof recoverableReasons | UnverifiableReason;

/** Reasons of a BootstrapState's `Fresh`. */
export const freshReasons = {
  Fresh: { status: 'True', meaning: 'No metadata of the app has expired.', next: '' },
  ExpiresSoon: {
    status: 'True',
    meaning: 'Metadata of the app has less than a quarter of its lifetime left.',
    next: 'Have the server sign it again, or let a policy do it with refresh: BeforeExpiry.',
  },
  Expired: {
    status: 'False',
    meaning: 'Metadata of the app has expired: clients refuse updates.',
    next: 'Have the server sign it again, or let a policy do it with refresh: AfterRecovery. An expired root needs its key holders.',
  },
  Refreshing: {
    status: 'False',
    meaning: 'Metadata of the app has expired, and the server has been asked to sign it again.',
    next: '',
  },
  NotVerified: {
    status: 'Unknown',
    meaning: 'The metadata has not been verified yet.',
    next: '',
  },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of `Fresh`. */
export type FreshReason = keyof typeof freshReasons;
