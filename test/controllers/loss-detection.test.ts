import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findCondition } from '../../src/api/condition.ts';
import type { RecoveryTargetManifest } from '../../src/api/recoverytarget.generated.ts';
import { type FaultProxy, startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, secret, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy, type TestPolicy } from './support/policies.ts';

/** Swallows what Redis sends to say that a key has changed, and nothing else. */
const swallow = {
  kind: 'swallow',
  text: 'message\r\n$20\r\n__redis__:invalidate',
  direction: 'toClient',
} as const;

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;
let proxy: FaultProxy;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple']);
  proxy = await startFaultProxy({ port: installation.redis.port });
  const redis = await installation.redis.client();
  await redis.acl('SETUSER', 'untold', 'on', '>untold', '~*', '+@all', '-client|tracking', '&*');
  await redis.acl('SETUSER', 'unproven', 'on', '>unproven', '%R~*', '+@all', '&*');
  await redis.acl('SETUSER', 'unheard', 'on', '>unheard', '~*', '+@all', 'resetchannels');
  const users = ['untold', 'unheard', 'unproven'];
  await namespace.apply(...installation.secrets, ...users.map((name) => secret(name, { password: name })));
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await proxy?.stop();
  await installation?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await proxy.heal();
  await namespace.kubectl('delete', 'rp,bst', '--all');
  const redis = await installation.redis.client();
  await redis.flushall();
  await installation.app('simple').restoreTo(redis);
});

/** A target, and a policy for its app, which is healthy. */
async function guarded(
  name: string,
  change: Partial<RecoveryTargetManifest['spec']> = {},
): Promise<TestPolicy> {
  await namespace.apply(installation.target(name, change));
  const policy = await createPolicy(namespace, name, installation.app('simple'), {
    targetRef: { name },
  });
  await policy.untilApp(
    'to be healthy',
    ({ status }) => findCondition(status.conditions, 'Healthy')?.status === 'True',
  );
  return policy;
}

const detection = (name: string, reason: string) =>
  poll(`LossDetection of ${name} to be ${reason}`, async () => {
    const condition = conditionOf(await namespace.target(name), 'LossDetection');
    return condition?.reason === reason ? condition : undefined;
  });

async function expectLossNoticed(policy: TestPolicy): Promise<void> {
  await (await installation.redis.client()).flushall();
  await policy.untilApp(
    'to be lost',
    ({ status }) => findCondition(status.conditions, 'Healthy')?.reason === 'SettingsLost',
  );
}

const as = (username: string): Partial<RecoveryTargetManifest['spec']> => ({
  redis: {
    ...installation.target().spec.redis,
    username,
    passwordSecretRef: { name: username, key: 'password' },
  },
});

const through = (): Partial<RecoveryTargetManifest['spec']> => ({
  redis: { ...installation.target().spec.redis, address: `${proxy.host}:${proxy.port}` },
});

describe('LossDetection of a target', () => {
  test('is NotGuarded without a policy, and True with one where Redis reports changes, proven by a key', async () => {
    await namespace.apply(installation.target('immediate'));
    expect((await detection('immediate', 'NotGuarded')).status).toBe('Unknown');
    const policy = await guarded('immediate');
    expect(await detection('immediate', 'Immediate')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('proven'),
    });
    await expectLossNoticed(policy);
    await namespace.kubectl('delete', 'rp', 'immediate');
    await detection('immediate', 'NotGuarded');
  });

  test.each(['untold', 'unheard'])(
    'is Polling, in the words of Redis, where the ACL refuses (%s)',
    async (user) => {
      const policy = await guarded(user, as(user));
      expect(await detection(user, 'Polling')).toMatchObject({
        status: 'False',
        message: expect.stringContaining('NOPERM'),
      });
      await expectLossNoticed(policy);
    },
  );

  test.each(['BCAST', 'subscribe'])('is Polling where a proxy hangs up at %s', async (text) => {
    await proxy.inject({ kind: 'hangUp', text, direction: 'toServer' });
    const name = `hung-up-${text.toLowerCase()}`;
    const policy = await guarded(name, through());
    expect((await detection(name, 'Polling')).message).toContain('were not answered');
    await expectLossNoticed(policy);
  });

  test('is True, unproven, where the user may not write the key that proves it', async () => {
    const policy = await guarded('unproven', { ...as('unproven'), accessMode: 'ReadOnly' });
    expect((await detection('unproven', 'Immediate')).message).toContain('may not write');
    await expectLossNoticed(policy);
  });

  test('is Polling where a proxy accepts the tracking and swallows what it brings', async () => {
    await proxy.inject(swallow);
    const policy = await guarded('swallowed', through());
    expect((await detection('swallowed', 'Polling')).message).toContain('no invalidation arrived');
    await expectLossNoticed(policy);
  });

  test('becomes Polling when changes cease to arrive, and True again over a new connection', async () => {
    const policy = await guarded('ceased', through());
    await detection('ceased', 'Immediate');
    await proxy.inject(swallow);
    // The canary is the only one who notices: every connection is as it was.
    expect((await detection('ceased', 'Polling')).message).toContain('our own key');
    await expectLossNoticed(policy);
    await proxy.heal();
    proxy.resetAll();
    await detection('ceased', 'Immediate');
  });

  test('is Unavailable while Redis is away, which is no loss, and all is read again when it is back', async () => {
    const policy = await guarded('away', through());
    await detection('away', 'Immediate');
    await proxy.inject({ kind: 'refuse' });
    expect((await detection('away', 'Unavailable')).status).toBe('Unknown');
    const silent = await policy.untilApp(
      'to be unverifiable',
      ({ status }) => status.state === 'Unverifiable',
    );
    expect(silent.status).toMatchObject({ recoverable: { summary: '13/13' } });
    expect(silent.status.lossDetectedTime).toBeUndefined();
    // Lost while the controller could not notice.
    await (await installation.redis.client()).flushall();
    await proxy.heal();
    await policy.untilApp(
      'to be lost',
      ({ status }) => findCondition(status.conditions, 'Healthy')?.reason === 'SettingsLost',
    );
  });
});
