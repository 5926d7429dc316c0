import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatBatch } from '../../src/notifications/message.ts';
import type { Notification, NotificationBatch } from '../../src/notifications/notification.ts';

const notification: Notification = {
  topic: 'Approval',
  type: 'Normal',
  reason: 'AwaitingApproval',
  message: 'The plan sha256:ab waits for approval.\nSee redis://user:canary@redis:6379/0',
  time: new Date('2026-01-01T00:00:00Z'),
  object: {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'BootstrapRecovery',
    namespace: 'faynosync',
    name: 'tuf',
    uid: 'u',
  },
  app: 'alice/tuf',
};
const batch: NotificationBatch = {
  id: '7d3c5a52-2f2b-4a39-9d1c-0d7f4b1f6b10',
  cluster: 'prod',
  dropped: 3,
  notifications: [notification],
};

test('the json format has every field, its times in RFC 3339 and no password', () => {
  expect(JSON.parse(formatBatch(batch, 'json'))).toEqual({
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'Notifications',
    id: batch.id,
    cluster: 'prod',
    dropped: 3,
    notifications: [
      {
        ...notification,
        message: 'The plan sha256:ab waits for approval.\nSee redis://…@redis:6379/0',
        time: '2026-01-01T00:00:00.000Z',
      },
    ],
  });
});

test('the slack format is one text, two lines for each notification', () => {
  expect(JSON.parse(formatBatch(batch, 'slack'))).toEqual({
    text: [
      '*Approval* in prod: alice/tuf, BootstrapRecovery faynosync/tuf: AwaitingApproval',
      '> The plan sha256:ab waits for approval. See redis://…@redis:6379/0',
      '3 more in prod were left out. kubectl get events shows all of them.',
    ].join('\n'),
  });
});

test('no text from outside mentions a channel, makes a link or adds a line', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('<!channel>', '<https://x|y>', '\n*Loss*', '\u2028'),
      (text, evil) => {
        const hostile = `${text}${evil}${text}`;
        const shown = JSON.parse(
          formatBatch(
            {
              ...batch,
              cluster: '',
              dropped: 0,
              notifications: [{ ...notification, app: hostile, message: hostile }],
            },
            'slack',
          ),
        ).text as string;
        expect(shown.split(/[\n\r\u2028\u2029]/)).toHaveLength(2);
        expect(shown.replace('\n> ', '\n')).not.toMatch(/[<>]/);
      },
    ),
  );
});
