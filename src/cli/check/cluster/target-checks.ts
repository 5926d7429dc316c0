import { type Condition, findCondition } from '../../../api/condition.ts';
import type { ReasonDoc } from '../../../api/reasons.ts';
import type { RecoveryTarget } from '../../../api/recoverytarget.generated.ts';
import { targetHeartbeatMs } from '../../../api/stored-time.ts';
import {
  lossDetectionReasons,
  redisReachableReasons,
  storageReachableReasons,
  trustRootReasons,
} from '../../../api/target-reasons.ts';
import { durationText } from '../../output/duration-text.ts';
import type { CheckItem } from '../check-report.ts';
import { failedItem, okItem, skippedItem, splitAdvice, warningItem } from '../checklist.ts';
import { durabilityItems, redisWarningItem } from '../durability.ts';
import type { ClusterFacts } from './facts.ts';

/** Checks that may fail to come before the controller counts as silent. */
const missedChecks = 3;

/**
 * What the controller says about Redis, the bucket and the trusted root of the target; nothing is asked
 * from here.
 */
export function targetItems(facts: ClusterFacts): readonly CheckItem[] {
  const { targets, targetName, namespace } = facts;
  if ('refusal' in targets) {
    return [skippedItem('Target', targets.refusal.message)];
  }
  const target = targets.value.find(({ metadata }) => metadata.name === targetName);
  if (target === undefined) {
    const names = targets.value.map(({ metadata }) => metadata.name);
    const others = names.length === 0 ? '' : ` There are: ${names.join(', ')}.`;
    return [
      failedItem(
        'Target',
        `There is no RecoveryTarget "${targetName}" in namespace "${namespace}".${others}`,
        names.length === 0
          ? 'Create one: see docs/reference/recoverytarget.md.'
          : 'Name one of them with --target, or the namespace with -n.',
      ),
    ];
  }
  const first = heardItem(target, facts.now);
  return first.result === 'ok'
    ? [first, ...conditionItems(target), ...redisItems(target), policyItem(facts)]
    : [first];
}

/** Whether the controller looks after this target at all. */
function heardItem({ metadata, spec, status }: RecoveryTarget, now: Date): CheckItem {
  const { lastValidationTime, observedGeneration = -1 } = status;
  const name = `RecoveryTarget "${metadata.name}"`;
  if (spec.suspend) {
    return warningItem(
      'Target',
      `${name} is suspended: it is not checked and starts no runs.`,
      'Set spec.suspend: false.',
    );
  }
  const isSeen = lastValidationTime !== undefined && observedGeneration === (metadata.generation ?? 1);
  const ageMs = isSeen ? now.getTime() - Date.parse(lastValidationTime) : undefined;
  if (ageMs === undefined) {
    return failedItem(
      'Target',
      `The controller has not checked ${name} as it is now.`,
      'Wait a moment; if it stays so, see whether a controller watches this namespace (--namespaces).',
    );
  }
  // A check that finds nothing new is written down every six hours.
  return ageMs > targetHeartbeatMs + missedChecks * 1_000 * spec.validationIntervalSeconds
    ? failedItem(
        'Target',
        `The controller has not checked ${name} for ${durationText(ageMs)}.`,
        'See the lines about the controller; an idle one writes at least every six hours that it checked.',
      )
    : okItem(
        'Target',
        `The controller checks ${name}; what it found was written ${durationText(Math.max(0, ageMs))} ago.`,
      );
}

type Docs = Readonly<Record<string, ReasonDoc>>;

function conditionItems({ status }: RecoveryTarget): readonly CheckItem[] {
  const line = (name: string, type: string, docs: Docs): CheckItem =>
    conditionItem(name, findCondition(status.conditions, type), docs);
  return [
    line('Redis', 'RedisReachable', redisReachableReasons),
    line('Change reports', 'LossDetection', lossDetectionReasons),
    line('Bucket', 'StorageReachable', storageReachableReasons),
    line('Trusted root', 'TrustRootLoaded', trustRootReasons),
  ];
}

function conditionItem(name: string, condition: Condition | undefined, docs: Docs): CheckItem {
  if (condition === undefined) {
    return skippedItem(name, 'The controller does not say.');
  }
  const { status, reason, message } = condition;
  const next = Object.hasOwn(docs, reason) ? (docs[reason]?.next ?? '') : '';
  if (status === 'True') {
    return next === '' ? okItem(name, message) : warningItem(name, message, next);
  }
  // LossDetection never keeps a target from being Ready.
  if (status === 'Unknown' || docs === lossDetectionReasons) {
    return next === '' ? skippedItem(name, message) : warningItem(name, message, next);
  }
  return failedItem(name, message, next === '' ? 'See docs/reference/conditions.md.' : next);
}

/** What Redis said about itself. */
function redisItems({ status }: RecoveryTarget): readonly CheckItem[] {
  const { redis } = status;
  if (redis === undefined) {
    return [];
  }
  const details = new Map((redis.warnings ?? []).map(({ code, detail }) => [code, detail]));
  const others = [
    clockItem(redis.clockSkewSeconds, details),
    permissionsItem(redis.refusedCommands, details),
  ];
  if (details.has('RedisFactsWithheld')) {
    const detail = details.get('RedisFactsWithheld') ?? '';
    return [warningItem('Redis settings', detail, 'See docs/reference/redis-acl.md.'), ...others];
  }
  return [...durabilityItems(details), ...others];
}

function clockItem(skewSeconds: number | undefined, details: ReadonlyMap<string, string>): CheckItem {
  const detail = details.get('RedisClockSkew');
  if (detail !== undefined) {
    return redisWarningItem('Redis clock', detail);
  }
  return skewSeconds === undefined
    ? skippedItem('Redis clock', 'The controller does not know the time of Redis.')
    : okItem('Redis clock', 'Redis and the controller agree on the time.');
}

/** A permission that is missing fails every recovery. */
function permissionsItem(
  refused: readonly string[] | undefined,
  details: ReadonlyMap<string, string>,
): CheckItem {
  const detail = details.get('RedisPermissionMissing');
  if (detail !== undefined) {
    const { what, fix = detail } = splitAdvice(detail);
    return failedItem('Redis permissions', what, fix);
  }
  return refused === undefined
    ? skippedItem(
        'Redis permissions',
        'The controller does not know what the ACL allows: it asks Redis 7 and newer, once an app was found.',
      )
    : okItem('Redis permissions', 'The ACL allows every command of a recovery.');
}

function policyItem({ policies, targetName }: ClusterFacts): CheckItem {
  if ('refusal' in policies) {
    return skippedItem('Policy', policies.refusal.message);
  }
  const of = policies.value.filter(({ spec }) => spec.targetRef.name === targetName);
  const active = of.filter(({ spec }) => !spec.suspend);
  const [first] = active;
  if (first !== undefined) {
    return okItem('Policy', `${active.map(({ metadata }) => metadata.name).join(', ')} watches for losses.`);
  }
  return of.length > 0
    ? warningItem('Policy', 'Every RecoveryPolicy of this target is suspended.', 'Set spec.suspend: false.')
    : warningItem(
        'Policy',
        'No RecoveryPolicy watches the apps of this target: a loss stays unnoticed.',
        'Create one: see docs/tasks/detect-and-repair.md.',
      );
}
