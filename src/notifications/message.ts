import { apiVersion } from '../api/resources.ts';
import { redactURLs } from '../observability/redact-urls.ts';
import type { Notification, NotificationBatch } from './notification.ts';

/** How a batch is written. */
export const notificationFormats = ['slack', 'json'] as const;

/** A member of {@link notificationFormats}. */
export type NotificationFormat = (typeof notificationFormats)[number];

/** Slack cuts long texts off; what is left out stands in the event. */
const maxSlackMessage = 400;

/** The body of a request, JSON in either format. */
export function formatBatch(batch: NotificationBatch, format: NotificationFormat): string {
  return JSON.stringify(format === 'slack' ? { text: slackText(batch) } : document(batch));
}

function document({ id, cluster, notifications, dropped }: NotificationBatch): object {
  return {
    apiVersion,
    kind: 'Notifications',
    id,
    ...(cluster !== '' && { cluster }),
    dropped,
    notifications: notifications.map((each) => ({
      ...each,
      message: redactURLs(each.message),
      time: each.time.toISOString(),
    })),
  };
}

/** https://docs.slack.dev/messaging/formatting-message-text; Mattermost and Rocket.Chat read the same. */
function slackText({ cluster, notifications, dropped }: NotificationBatch): string {
  const where = cluster === '' ? '' : ` in ${escapeSlack(cluster)}`;
  const lines = notifications.map((each) => `*${each.topic}*${where}: ${subject(each)}\n> ${text(each)}`);
  const rest =
    dropped === 0 ? [] : [`${dropped} more${where} were left out. kubectl get events shows all of them.`];
  return [...lines, ...rest].join('\n');
}

function subject({ object: { kind, namespace, name }, app, reason }: Notification): string {
  const path = namespace === undefined ? name : `${namespace}/${name}`;
  const about = app === undefined ? '' : `${oneLine(app)}, `;
  return escapeSlack(`${about}${kind} ${path}: ${reason}`);
}

function text({ message }: Notification): string {
  const line = oneLine(redactURLs(message));
  return escapeSlack(line.length > maxSlackMessage ? `${line.slice(0, maxSlackMessage - 1)}…` : line);
}

function oneLine(value: string): string {
  return value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** So that a text from a bucket or from Redis is no mention of a channel and no link. */
function escapeSlack(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
