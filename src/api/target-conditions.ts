import { type Condition, withTransitionTimes } from './condition.ts';
import type { Verdict } from './conditions.ts';
import { isPermanent } from './policy-reasons.ts';
import {
  type LossDetectionReason,
  lossDetectionReasons,
  type OnlineKeysReason,
  onlineKeysReasons,
  type RedisReachableReason,
  redisReachableReasons,
  type StorageReachableReason,
  storageReachableReasons,
  type TrustRootReason,
  targetReadyReasons,
  trustRootReasons,
} from './target-reasons.ts';

/** What one check of a target found. */
export interface TargetVerdicts {
  readonly redisReachable: Verdict<RedisReachableReason>;
  readonly storageReachable: Verdict<StorageReachableReason>;
  readonly trustRootLoaded: Verdict<TrustRootReason>;
  /** Left out: not known to the caller, so there is no such condition. */
  readonly lossDetection?: Verdict<LossDetectionReason> | undefined;
  /** As `lossDetection`. */
  readonly onlineKeys?: Verdict<OnlineKeysReason> | undefined;
}

/**
 * Whether a Secret or ConfigMap that the target refers to, or a key in it, was missing at the probe that
 * these conditions or verdicts are of.
 */
export function lacksReference(conditions: readonly Pick<Condition, 'reason'>[] | undefined): boolean {
  const missing: keyof typeof redisReachableReasons = 'ReferenceNotFound';
  return conditions?.some(({ reason }) => reason === missing) === true;
}

/**
 * All conditions of a RecoveryTarget. `Ready` is True when the three before it are, else it repeats the first
 * that is not. `Stalled` is True beside it when only a person can mend that. A suspended target keeps what
 * was seen last and says that it is not checked.
 */
export function targetConditions(
  verdicts: TargetVerdicts | 'suspended',
  previous: readonly Condition[],
  generation: number,
  now: Date,
): readonly Condition[] {
  if (verdicts === 'suspended') {
    const seen = previous.filter(({ type }) => type !== 'Ready' && type !== 'Stalled');
    const { status, meaning } = targetReadyReasons.Suspended;
    return withTransitionTimes(
      [...seen, { type: 'Ready', status, reason: 'Suspended', message: meaning }],
      previous,
      generation,
      now,
    );
  }
  const { redisReachable, storageReachable, trustRootLoaded, lossDetection, onlineKeys } = verdicts;
  const looked = [
    {
      type: 'RedisReachable',
      status: redisReachableReasons[redisReachable.reason].status,
      ...redisReachable,
    },
    {
      type: 'StorageReachable',
      status: storageReachableReasons[storageReachable.reason].status,
      ...storageReachable,
    },
    { type: 'TrustRootLoaded', status: trustRootReasons[trustRootLoaded.reason].status, ...trustRootLoaded },
  ];
  const failing = looked.find(({ status }) => status !== 'True');
  const { status, meaning } = targetReadyReasons.Validated;
  const ready =
    failing === undefined
      ? { type: 'Ready', status, reason: 'Validated', message: meaning }
      : { ...failing, type: 'Ready' };
  const stalled =
    failing?.status === 'False' && isPermanent(failing.reason)
      ? [{ ...failing, status: 'True' as const, type: 'Stalled' }]
      : [];
  const detection =
    lossDetection === undefined
      ? []
      : [
          {
            type: 'LossDetection',
            status: lossDetectionReasons[lossDetection.reason].status,
            ...lossDetection,
          },
        ];
  const keys =
    onlineKeys === undefined
      ? []
      : [
          {
            type: 'OnlineKeysSeparate',
            status: onlineKeysReasons[onlineKeys.reason].status,
            ...onlineKeys,
          },
        ];
  return withTransitionTimes(
    [...looked, ...stalled, ready, ...detection, ...keys],
    previous,
    generation,
    now,
  );
}
