import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy } from './support/policies.ts';
import { applyProxiedTarget, type ProxiedTarget } from './support/proxied-target.ts';

let namespace: TestNamespace;
let installation: Installation;
let between: ProxiedTarget;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['deleg', 'published', 'simple']);
  between = await applyProxiedTarget(namespace, installation);
});

afterAll(async () => {
  await between?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await between.heal();
  await namespace.kubectl('delete', 'rp,bsr', '--all');
  const redis = await installation.redis.client();
  await redis.flushall();
  await installation.app('deleg').restoreTo(redis);
});

const lose = async (): Promise<unknown> => (await installation.redis.client()).flushall();
const alone = { args: ['--no-leader-elect'] };

/** Takes the right to create runs out of the controller's role, or gives it back. */
async function mayCreate(yes: boolean): Promise<void> {
  const role = JSON.parse(await namespace.kubectl('get', 'role', 'tuf-recovery-controller', '--output=json'));
  const rules = role.rules.map((rule: { resources: string[]; verbs: string[] }) =>
    rule.resources.includes('bootstraprecoveries')
      ? { ...rule, verbs: [...rule.verbs.filter((verb) => verb !== 'create'), ...(yes ? ['create'] : [])] }
      : rule,
  );
  await namespace.apply({ ...role, metadata: { name: role.metadata.name }, rules });
}

describe('what can not be verified is no loss:', () => {
  test.each([
    ['storage', () => between.s3, 'SourceUnavailable'],
    ['Redis', () => between.redis, 'RedisUnreachable'],
  ])('%s is away, and nothing is repaired for it', async (_, proxy, reason) => {
    await using _controller = await startController(namespace, alone);
    const policy = await createPolicy(namespace, 'silent', installation.app('deleg'), {
      action: 'Recover',
      failureThreshold: 2,
    });
    await policy.until('to be Ready', ({ status }) => conditionOf({ status }, 'Ready')?.status === 'True');
    await lose();
    await policy.look();
    await proxy().inject({ kind: 'refuse' });
    for (let looks = 0; looks < 3; looks += 1) {
      const seen = await policy.look();
      expect(conditionOf(seen, 'Ready')).toMatchObject({ status: 'False', reason });
      // What was known before stands: one loss, and no more.
      expect(seen.status.apps?.[0]).toMatchObject({ state: 'Unverifiable', reason, consecutiveLosses: 1 });
    }
    expect(await policy.runs()).toEqual([]);
    await proxy().heal();
    await policy.look();
    await policy.until('to repair it', ({ status }) => status.apps?.[0]?.state === 'Healthy');
    expect(await policy.runs()).toHaveLength(1);
  });

  test('Redis is away for many apps: each is told so, and keeps what is remembered of it', async () => {
    await using _controller = await startController(namespace, alone);
    const policy = await createPolicy(namespace, 'many', installation.app('deleg'), {
      apps: (['deleg', 'published', 'simple'] as const).map((name) => {
        const { admin, app } = installation.app(name);
        return { adminName: admin, appName: app };
      }),
    });
    const marks = async () => (await policy.get()).status.apps?.map((entry) => entry.marks);
    await policy.until('to look', ({ status }) => status.apps?.every((entry) => entry.marks) ?? false);
    const before = await marks();
    await between.redis.inject({ kind: 'refuse' });
    const seen = await policy.look();
    expect(seen.status.apps?.map(({ reason }) => reason)).toEqual(Array(3).fill('RedisUnreachable'));
    expect(conditionOf(seen, 'Ready')?.message).toMatch(/So it is for 2 more\.$/);
    expect(await marks()).toEqual(before);
  });

  test('a bootstrap or a recovery of somebody else is under way', async () => {
    await using _controller = await startController(namespace, alone);
    const { admin, app } = installation.app('deleg');
    const policy = await createPolicy(namespace, 'busy', installation.app('deleg'), {
      action: 'Recover',
      failureThreshold: 1,
    });
    await policy.until('to look', ({ status }) => status.apps?.[0]?.state === 'Healthy');
    await lose();
    const redis = await installation.redis.client();
    await redis.set(`RECOVERY_LOCK_${admin}_${app}`, 'somebody', 'EX', 600);
    const seen = await policy.look();
    expect(seen.status.apps?.[0]).toMatchObject({ state: 'Locked', consecutiveLosses: 0 });
    expect(conditionOf(seen, 'Ready')?.status).toBe('True');
    expect(await policy.runs()).toEqual([]);
    await redis.del(`RECOVERY_LOCK_${admin}_${app}`);
  });
});

describe('one decision leads to one run', () => {
  test('also when the controller dies by SIGKILL between the decision and the run', async () => {
    const kubeconfig = await namespace.controllerKubeconfig();
    let ordered: string | undefined;
    {
      await using controller = await startController(namespace, { ...alone, kubeconfig });
      await mayCreate(false);
      const policy = await createPolicy(namespace, 'killed', installation.app('deleg'), {
        action: 'Recover',
        failureThreshold: 1,
      });
      await policy.until('to look', ({ status }) => status.apps?.[0]?.state === 'Healthy');
      await lose();
      await policy.change({ trigger: 'now' });
      const { status } = await policy.until(
        'to decide',
        ({ status: { apps } }) => apps?.[0]?.recoveries?.[0]?.state === 'Ordered',
      );
      ordered = status.apps?.[0]?.recoveries?.[0]?.name;
      expect(status.active).toMatchObject([{ name: ordered }]);
      expect(await policy.runs()).toEqual([]);
      await controller.process.kill();
      await mayCreate(true);
      await using _next = await startController(namespace, { ...alone, kubeconfig });
      await policy.until('to repair it', (seen) => seen.status.apps?.[0]?.state === 'Healthy');
      expect((await policy.runs()).map(({ metadata }) => metadata.name)).toEqual([ordered]);
    }
  });

  test('also when two controllers decide at once, each believing that it is alone', async () => {
    await using _first = await startController(namespace, alone);
    await using _second = await startController(namespace, alone);
    const policy = await createPolicy(namespace, 'twice', installation.app('deleg'), {
      action: 'Recover',
      failureThreshold: 2,
    });
    await policy.until('to look', ({ status }) => status.apps?.[0]?.state === 'Healthy');
    await lose();
    await policy.look();
    expect((await policy.app()).consecutiveLosses).toBe(1);
    await policy.look();
    await policy.until('to repair it', ({ status }) => status.apps?.[0]?.state === 'Healthy');
    expect(await policy.runs()).toHaveLength(1);
    expect((await policy.app()).recoveries).toHaveLength(1);
  });

  test('and to none when the policy is suspended before anybody carried it out', async () => {
    const kubeconfig = await namespace.controllerKubeconfig();
    await using _controller = await startController(namespace, { ...alone, kubeconfig });
    await mayCreate(false);
    const policy = await createPolicy(namespace, 'withdrawn', installation.app('deleg'), {
      action: 'Recover',
      failureThreshold: 1,
    });
    await policy.until('to look', ({ status }) => status.apps?.[0]?.state === 'Healthy');
    await lose();
    await policy.change({ trigger: 'now' });
    await policy.until('to decide', ({ status }) => status.active?.length === 1);
    await policy.change({ suspend: true });
    await policy.until('to withdraw it', ({ status }) => status.active?.length === 0);
    await mayCreate(true);
    expect(await policy.runs()).toEqual([]);
  });
});

test('looks of many apps take no more places than there are, and runs get theirs', async () => {
  await using _controller = await startController(namespace, {
    args: ['--no-leader-elect', '--max-concurrent-runs=1'],
  });
  await between.s3.inject({ kind: 'delay', ms: 300 });
  const { admin, app } = installation.app('deleg');
  const policies = await Promise.all(
    ['one', 'two', 'three'].map((name) => createPolicy(namespace, name, installation.app('deleg'))),
  );
  await namespace.start('among-looks', { adminName: admin, appName: app, mode: 'Verify' });
  expect((await namespace.ended('among-looks')).succeeded.reason).toBe('Verified');
  for (const policy of policies) {
    await policy.until('to look', ({ status }) => status.apps?.[0]?.state === 'Healthy');
  }
  await poll('every run to be told', async () => (await namespace.run('among-looks')).status.completionTime);
});
