import type { EventNote } from '../api/events.ts';
import { succeededReasons } from '../api/reasons.ts';

/**
 * What people ask to be notified of, each with what it covers. Flags, chart and the page about notifications
 * use this table.
 */
export const notificationTopics = {
  Loss: 'An app has lost settings in Redis: found by a policy, or by a run with `mode: Verify`.',
  Approval: 'A run waits for the approval of its plan.',
  Failure:
    'A run failed; an app cannot be verified or would not be restored exactly; a target is not usable; recoveries are held back by `maxRecoveriesPerHour`.',
  Recovery: 'A run has rebuilt the lost settings of an app.',
  Expiry: 'Metadata of an app has expired, or has less than a quarter of its lifetime left.',
} as const satisfies Record<string, string>;

/** A key of {@link notificationTopics}. */
export type NotificationTopic = keyof typeof notificationTopics;

/** All topics, in the order of the table. */
export const allNotificationTopics = Object.keys(notificationTopics) as readonly NotificationTopic[];

/** What a target already says once, and its apps would repeat, each of them. */
const saidByTarget: ReadonlySet<string> = new Set([
  'RedisUnreachable',
  'SourceUnavailable',
  'ReferenceNotFound',
  'TargetUnavailable',
]);

/**
 * Under which topic an event is a notification; undefined for one that is not. Events of a RecoveryPolicy sum
 * up those of its apps, and only a `Ready` of its own that is False is news beside them.
 *
 * @param kind of the object the event is about
 */
export function notificationTopic(
  kind: string,
  { type, reason, action }: Pick<EventNote, 'type' | 'reason' | 'action'>,
): NotificationTopic | undefined {
  switch (kind) {
    case 'BootstrapRecovery':
      return action === 'Recover' ? topicOfRun(reason) : undefined;
    case 'BootstrapState':
      return topicOfApp(type, reason);
    case 'RecoveryTarget':
      return type === 'Warning' ? 'Failure' : undefined;
    default:
      return undefined;
  }
}

function topicOfRun(reason: string): NotificationTopic | undefined {
  switch (reason) {
    case 'AwaitingApproval':
      return 'Approval';
    case 'DriftDetected':
      return 'Loss';
    case 'Recovered':
      return 'Recovery';
    case 'Cancelled':
      // A person's wish, and no failure.
      return undefined;
    default:
      return isFailedRun(reason) ? 'Failure' : undefined;
  }
}

/** `Succeeded` is False only at the end of a run. */
function isFailedRun(reason: string): boolean {
  const docs: Readonly<Record<string, { readonly status: string }>> = succeededReasons;
  return Object.hasOwn(docs, reason) && docs[reason]?.status === 'False';
}

function topicOfApp(type: EventNote['type'], reason: string): NotificationTopic | undefined {
  switch (reason) {
    case 'SettingsLost':
    case 'CorruptType':
      return 'Loss';
    case 'Expired':
    case 'ExpiresSoon':
      return 'Expiry';
    default:
      return type === 'Warning' && !saidByTarget.has(reason) ? 'Failure' : undefined;
  }
}
