import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import { notifyOfEvents } from '../../src/controllers/operator/notifications.ts';
import { DIRECT } from '../../src/net/proxy-rule.ts';
import { allNotificationTopics } from '../../src/notifications/topics.ts';
import { RecoveryMetrics } from '../../src/observability/metrics.ts';
import { poll } from '../harness/poll.ts';
import { startReceiver } from './receiver.ts';

test('an event becomes a notification with its app, and each result is counted from the start', async () => {
  await using receiver = await startReceiver();
  const registry = new Registry();
  const subscriber = notifyOfEvents(
    { urlFile: receiver.urlFile, format: 'json', topics: allNotificationTopics, cluster: '' },
    {
      metrics: new RecoveryMetrics(registry),
      proxy: DIRECT,
      clock: systemClock,
      random: Math.random,
      logger: pino({ level: 'silent' }),
    },
  );
  // A series that began with its first failure would show no increase, and raise no alert.
  expect(await registry.metrics()).toContain('bootstrap_recovery_notifications_total{result="failed"} 0');
  const state = {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'BootstrapState',
    metadata: { name: 'tuf-5a1c', namespace: 'faynosync', uid: 'u', resourceVersion: '1' },
    spec: { adminName: 'alice', appName: 'tuf' },
  };
  const time = new Date('2026-01-01T00:00:00Z');
  const details = { type: 'Warning', reason: 'SettingsLost', action: 'Verify', note: '2 keys' } as const;
  subscriber.event(state, details, time);
  subscriber.event(state, { ...details, type: 'Normal', reason: 'Consistent' }, time);
  await subscriber.close(60_000);
  await poll('the count', async () => (await registry.metrics()).includes('{result="sent"} 1'));
  expect(receiver.received).toHaveLength(1);
  expect(receiver.received[0]).toMatchObject({
    notifications: [
      {
        ...{ topic: 'Loss', type: 'Warning', reason: 'SettingsLost', message: '2 keys' },
        ...{ time: '2026-01-01T00:00:00.000Z', app: 'alice/tuf' },
        object: { kind: 'BootstrapState', namespace: 'faynosync', name: 'tuf-5a1c', uid: 'u' },
      },
    ],
  });
});
