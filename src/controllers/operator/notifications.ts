import type { KubernetesObject } from '../../kube/client/object.ts';
import { type EventDetails, referenceTo } from '../../kube/events/event.ts';
import type { EventSubscriber } from '../../kube/events/event-recorder.ts';
import type { Notification } from '../../notifications/notification.ts';
import { Notifier, type NotifierOptions, notificationResults } from '../../notifications/notifier.ts';
import { notificationTopic } from '../../notifications/topics.ts';
import type { RecoveryMetrics } from '../../observability/metrics.ts';

/** Where notifications are sent, and of what. */
export type NotificationOptions = Pick<NotifierOptions, 'urlFile' | 'format' | 'topics' | 'cluster'>;

/** What a {@link Notifier} needs of the operator. */
type Surroundings = Pick<NotifierOptions, 'proxy' | 'clock' | 'random' | 'logger'> & {
  readonly metrics: Pick<RecoveryMetrics, 'notifications'>;
};

/**
 * Sends the events of this controller that people want to be notified of. Nothing but an event leads to a
 * notification, so both say the same.
 */
export function notifyOfEvents(
  options: NotificationOptions,
  { metrics, proxy, clock, random, logger }: Surroundings,
): EventSubscriber {
  for (const result of notificationResults) {
    // A series that begins with its first failure shows no increase.
    metrics.notifications.inc({ result }, 0);
  }
  const notifier = new Notifier({
    ...options,
    ...{ proxy, clock, random, logger },
    count: (result, notifications) => metrics.notifications.inc({ result }, notifications),
  });
  return {
    event: (regarding, details, time) => {
      const notification = notificationOf(regarding, details, time);
      if (notification !== undefined) {
        notifier.notify(notification);
      }
    },
    close: (graceMs) => notifier.close(graceMs),
  };
}

function notificationOf(
  regarding: KubernetesObject,
  details: EventDetails,
  time: Date,
): Notification | undefined {
  const topic = notificationTopic(regarding.kind, details);
  const app = appOf(regarding);
  return topic === undefined
    ? undefined
    : {
        topic,
        type: details.type,
        reason: details.reason,
        message: details.note,
        time,
        object: referenceTo(regarding),
        ...(app !== undefined && { app }),
      };
}

/** `ADMIN/APP` of a run or of an app. */
function appOf(object: KubernetesObject): string | undefined {
  const spec = 'spec' in object ? object.spec : undefined;
  return typeof spec === 'object' && spec !== null && 'adminName' in spec && 'appName' in spec
    ? `${String(spec.adminName)}/${String(spec.appName)}`
    : undefined;
}
