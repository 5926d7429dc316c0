import type { ReasonDoc } from './reasons.ts';

/** What is wrong with a reference is reported in the same words whatever it was for. */
const invalidReference = {
  status: 'False',
  meaning:
    'Something the target refers to is malformed or not allowed: a host, a port, a name that no Secret can have, what a Secret or ConfigMap holds.',
  next: 'The message names it; correct it; the target is checked again automatically.',
} as const satisfies ReasonDoc;

const referenceNotFound = {
  status: 'False',
  meaning: 'A Secret, a ConfigMap or a key in it does not exist yet.',
  next: 'The message names it. Create it, or wait for what creates it; the target continues within seconds.',
} as const satisfies ReasonDoc;

const forbidden = {
  status: 'False',
  meaning: 'The controller itself may not read something in this namespace.',
  next: 'Grant its ServiceAccount the permission the message names.',
} as const satisfies ReasonDoc;

const notChecked = {
  status: 'Unknown',
  meaning:
    'The target has waited for its turn to be checked for so long that what was seen last may be wrong.',
  next: 'Nothing: it is checked when its turn has come. Other targets that do not answer take the turns; see which ones are not Ready.',
} as const satisfies ReasonDoc;

/** Reasons of a RecoveryTarget's `RedisReachable`. */
export const redisReachableReasons = {
  Reachable: { status: 'True', meaning: 'Redis answered and accepts the credentials.', next: '' },
  RedisUnreachable: {
    status: 'False',
    meaning: 'Redis did not answer, is still loading its data, or TLS could not be set up.',
    next: 'Check address, network policies and certificates; the check is repeated automatically.',
  },
  RedisAccessDenied: {
    status: 'False',
    meaning: 'Redis refused the user, the password or a command.',
    next: 'Correct the Secret or the ACL of the user.',
  },
  RedisReadOnly: {
    status: 'False',
    meaning: 'This Redis is a replica, and the target allows recoveries.',
    next: 'Point the target at the primary or at Sentinel, or set accessMode: ReadOnly.',
  },
  RedisUnsupported: {
    status: 'False',
    meaning: 'This Redis runs in a mode the server itself cannot use, such as Cluster.',
    next: 'Use a standalone or Sentinel Redis.',
  },
  InvalidReference: invalidReference,
  ReferenceNotFound: referenceNotFound,
  Forbidden: forbidden,
  NotChecked: notChecked,
} as const satisfies Record<string, ReasonDoc>;

/** A reason of `RedisReachable`. */
export type RedisReachableReason = keyof typeof redisReachableReasons;

/** Reasons of a RecoveryTarget's `StorageReachable`. */
export const storageReachableReasons = {
  Reachable: { status: 'True', meaning: 'The bucket can be listed with these credentials.', next: '' },
  SourceUnavailable: {
    status: 'False',
    meaning: 'The store did not answer or throttles.',
    next: 'Check endpoint and network policies; the check is repeated automatically.',
  },
  SourceAccessDenied: {
    status: 'False',
    meaning: 'The store refused the credentials or the permission to list.',
    next: 'Correct the Secret, and grant s3:ListBucket and s3:GetObject on the prefix.',
  },
  SourceNotFound: {
    status: 'False',
    meaning: 'The bucket does not exist.',
    next: 'Check bucket, region and endpoint.',
  },
  InvalidReference: invalidReference,
  ReferenceNotFound: referenceNotFound,
  Forbidden: forbidden,
  NotChecked: notChecked,
} as const satisfies Record<string, ReasonDoc>;

/** A reason of `StorageReachable`. */
export type StorageReachableReason = keyof typeof storageReachableReasons;

/** Reasons of a RecoveryTarget's `TrustRootLoaded`. */
export const trustRootReasons = {
  Pinned: { status: 'True', meaning: 'Every trusted root is pinned and could be read.', next: '' },
  PinNotInBucket: {
    status: 'False',
    meaning: 'No root in the bucket has the pinned digest, so no run can trust what is there.',
    next: 'Correct the digest under spec.trust; the message names the app.',
  },
  TrustedOnFirstUse: {
    status: 'True',
    meaning: 'The oldest root in the bucket is trusted, as asked for.',
    next: 'Pin the root: status.trust.rootSHA256 of a run that succeeded is the value for spec.trust.rootSHA256.',
  },
  InvalidReference: invalidReference,
  ReferenceNotFound: referenceNotFound,
  Forbidden: forbidden,
  NotChecked: notChecked,
} as const satisfies Record<string, ReasonDoc>;

/** A reason of `TrustRootLoaded`. */
export type TrustRootReason = keyof typeof trustRootReasons;

/** Reasons of a RecoveryTarget's `LossDetection`. It never keeps a target from being Ready. */
export const lossDetectionReasons = {
  Immediate: { status: 'True', meaning: 'Redis reports changed keys, so a loss is known at once.', next: '' },
  Polling: {
    status: 'False',
    meaning:
      'Redis, its ACL or a proxy does not report changed keys, so they are read again every few seconds.',
    next: 'Grant what the page on the Redis ACL names under Detection; the message says what Redis answered.',
  },
  Unavailable: {
    status: 'Unknown',
    meaning: 'Redis does not answer.',
    next: 'RedisReachable says why.',
  },
  NotGuarded: {
    status: 'Unknown',
    meaning: 'No RecoveryPolicy guards apps of this target, so nothing is watched.',
    next: '',
  },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of `LossDetection`. */
export type LossDetectionReason = keyof typeof lossDetectionReasons;

/** Reasons of a RecoveryTarget's `OnlineKeysSeparate`. It never keeps a target from being Ready. */
export const onlineKeysReasons = {
  Separate: { status: 'True', meaning: 'No online key is listed by guarded apps of two admins.', next: '' },
  SharedByAdmins: {
    status: 'False',
    meaning: 'Apps of different admins list the same online key. Newer servers refuse to sign with it.',
    next: 'The message names key and apps. Give each admin an online key of their own and rotate the roots.',
  },
  NotGuarded: {
    status: 'Unknown',
    meaning: 'No RecoveryPolicy guards apps of this target, so their keys are not known.',
    next: '',
  },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of `OnlineKeysSeparate`. */
export type OnlineKeysReason = keyof typeof onlineKeysReasons;

/**
 * Reasons of a RecoveryTarget's `Ready`, besides the reason of the first of the other three that is not True.
 */
export const targetReadyReasons = {
  Validated: { status: 'True', meaning: 'Redis, storage and the trusted root are usable.', next: '' },
  Suspended: {
    status: 'True',
    meaning: 'spec.suspend is set: the target is not checked and starts no runs.',
    next: 'Set spec.suspend: false.',
  },
} as const satisfies Record<string, ReasonDoc>;
