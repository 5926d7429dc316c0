import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../../src/api/condition.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { answer, hang, type Receiver, startReceiver } from '../notifications/receiver.ts';
import { startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy } from './support/policies.ts';

let namespace: TestNamespace;
let installation: Installation;
let kubeconfig: string;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['deleg']);
  await namespace.apply(...installation.secrets, installation.target());
  kubeconfig = await namespace.controllerKubeconfig();
});
afterAll(() => installation?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await namespace.kubectl('delete', 'rp,bsr,bst,events', '--all');
  const redis = await installation.redis.client();
  await redis.flushall();
  await installation.app('deleg').restoreTo(redis);
});

const isHealthy = ({ status }: BootstrapState): boolean =>
  findCondition(status.conditions, 'Healthy')?.status === 'True';
const eventReasons = () =>
  namespace.kubectl('get', 'events.events.k8s.io', '--output=jsonpath={.items[*].reason}');
const lose = async () => (await installation.redis.client()).flushall();
const guard = (name: string, spec = {}) =>
  createPolicy(namespace, name, installation.app('deleg'), {
    action: 'Recover',
    stabilizationSeconds: 1,
    ...spec,
  });
const start = (receiver: Receiver) =>
  startController(namespace, {
    kubeconfig,
    args: [...[`--notify-url-file=${receiver.urlFile}`, '--notify-format=json'], '--notify-cluster=test'],
  });

/** One line for each notification received so far. */
function lines(receiver: Receiver): readonly string[] {
  return receiver.received.flatMap((body) => {
    // The form is held by message.test.ts.
    const { notifications } = body as {
      notifications: readonly { topic: string; reason: string; app: string; object: { kind: string } }[];
    };
    return notifications.map(({ topic, reason, app, object }) => [topic, reason, object.kind, app].join(' '));
  });
}

test('a loss, its approval and its repair are three notifications, each of which is an event, too', async () => {
  await using receiver = await startReceiver();
  await using controller = await start(receiver);
  const { admin, app } = installation.app('deleg');
  const policy = await guard('approved', { recoveryTemplate: { approval: 'Manual' } });
  await policy.untilApp('to be healthy', isHealthy);
  expect(
    lines(receiver).filter((line) => !line.startsWith('Expiry')),
    'nothing has happened',
  ).toEqual([]);
  await lose();
  const [run] = await poll('the run to wait', async () => {
    const runs = await policy.runs();
    return runs[0]?.status?.plan?.digest !== undefined && runs;
  });
  await poll('the request for approval', async () =>
    lines(receiver).some((line) => line.startsWith('Approval')),
  );
  const approval = { spec: { approvedPlan: run?.status?.plan?.digest } };
  await namespace.kubectl(
    ...['patch', 'bsr', run?.metadata.name ?? '', '--type=merge', `--patch=${JSON.stringify(approval)}`],
  );
  await policy.untilApp('to be repaired', isHealthy);
  const of = `${admin}/${app}`;
  const expected = [
    `Loss SettingsLost BootstrapState ${of}`,
    `Approval AwaitingApproval BootstrapRecovery ${of}`,
    `Recovery Recovered BootstrapRecovery ${of}`,
  ];
  await poll('the three', async () => expected.every((line) => lines(receiver).includes(line)));
  expect(receiver.received[0]).toMatchObject({ kind: 'Notifications', cluster: 'test', dropped: 0 });
  await poll('the events', async () => {
    const events = await eventReasons();
    return ['SettingsLost', 'AwaitingApproval', 'Recovered'].every((reason) => events.includes(reason));
  });
  // A series that began with its first failure would show no increase, and raise no alert.
  expect(await controller.metrics()).toContain('bootstrap_recovery_notifications_total{result="failed"} 0');
  // A message is counted when it was answered, a moment after it was received.
  await expect
    .poll(() => controller.metrics())
    .toMatch(/^bootstrap_recovery_notifications_total\{result="sent"\} [3-9]$/m);
});

test.each([
  ['hangs', hang],
  ['fails', answer(500)],
  ['refuses everything', answer(404)],
])(
  'a webhook that %s keeps no loss from being repaired, and SIGTERM from nothing',
  async (_what, reaction) => {
    await using receiver = await startReceiver();
    receiver.react(reaction);
    await using controller = await start(receiver);
    const policy = await guard('unheard');
    await policy.untilApp('to be healthy', isHealthy);
    await lose();
    await policy.untilApp(
      'to be repaired',
      (state) => isHealthy(state) && state.status.recoveries?.[0]?.state === 'Succeeded',
    );
    await poll('a request', async () => receiver.received.length > 0);
    expect((await controller.process.stop()).code).toBe(0);
    expect(await controller.process.log()).not.toContain('canary-of-the-webhook');
  },
);

test('after SIGKILL with a message under way the events stand, and the recovery is brought to its end', async () => {
  await using receiver = await startReceiver();
  receiver.react(hang);
  const policy = await guard('killed');
  {
    await using first = await start(receiver);
    await policy.untilApp('to be healthy', isHealthy);
    await lose();
    await poll('the message about the loss', async () =>
      lines(receiver).some((line) => line.startsWith('Loss')),
    );
    // Written beside the message, whose answer nothing waits for.
    await poll('the event', async () => (await eventReasons()).includes('SettingsLost'));
    await first.process.kill();
  }
  await using _second = await start(receiver);
  await policy.untilApp(
    'to be repaired',
    (state) => isHealthy(state) && state.status.recoveries?.[0]?.state === 'Succeeded',
  );
  expect(await policy.runs()).toHaveLength(1);
});
