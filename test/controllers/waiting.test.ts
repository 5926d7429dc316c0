import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lockKey } from '../../src/faynosync/keys.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { putCrowd } from './support/crowd.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';
import { applyProxiedTarget, type ProxiedTarget } from './support/proxied-target.ts';

let namespace: TestNamespace;
let installation: Installation;
let proxied: ProxiedTarget;
let controller: ControllerProcess;

const crowd = (index: number) => ({ adminName: 'crowd', appName: `app-${index}` });

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple']);
  await putCrowd(installation, 6);
  proxied = await applyProxiedTarget(namespace, installation);
  await namespace.apply(installation.target('trusting', { trust: { onFirstUse: true } }));
  controller = await startController(namespace, { args: ['--max-concurrent-runs=2'] });
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await proxied?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await proxied.heal();
  await (await installation.redis.client()).flushall();
});

describe('a run that waits', () => {
  test('for the locks of a server that died holds no slot: the other apps are recovered meanwhile', async () => {
    const redis = await installation.redis.client();
    const locked = [0, 1, 2, 3];
    for (const index of locked) {
      await redis.set(lockKey(crowd(index)), 'a-dead-server', 'PX', 300_000);
      await namespace.start(`locked-${index}`, { targetRef: { name: 'trusting' }, ...crowd(index) });
    }
    for (const index of locked) {
      const run = await namespace.reason(`locked-${index}`, 'WaitingForLock');
      expect(conditionOf(run, 'Accepted')).toMatchObject({ status: 'False', reason: 'RecoveryInProgress' });
    }
    for (const index of [4, 5]) {
      await namespace.start(`free-${index}`, { targetRef: { name: 'trusting' }, ...crowd(index) });
      expect((await namespace.ended(`free-${index}`)).succeeded.reason).toBe('Recovered');
    }
    for (const index of locked) {
      expect(conditionOf(await namespace.run(`locked-${index}`), 'Succeeded')?.reason).toBe('WaitingForLock');
      await redis.del(lockKey(crowd(index)));
    }
    for (const index of locked) {
      const { run, succeeded } = await namespace.ended(`locked-${index}`);
      expect(succeeded.reason).toBe('Recovered');
      expect(run.status.attempts).toBe(1);
    }
  });

  test('for a Redis that is away for longer than a few attempts recovers when it is back', async () => {
    const app = installation.app('simple');
    await proxied.redis.inject({ kind: 'refuse' });
    await namespace.start('outage', { adminName: app.admin, appName: app.app });
    await poll(
      'five failed attempts',
      async () => ((await namespace.run('outage')).status.attempts ?? 0) >= 5,
    );
    await proxied.heal();
    expect((await namespace.ended('outage')).succeeded.reason).toBe('Recovered');
  });
});

describe('an approval', () => {
  test('holds for the place it was given for: an edited target asks again, and writes nothing', async () => {
    const app = installation.app('simple');
    await namespace.start('approved', {
      adminName: app.admin,
      appName: app.app,
      approval: 'Manual',
    });
    const planned = await namespace.reason('approved', 'AwaitingApproval');
    const digest = planned.status.plan?.digest;

    const { spec } = await namespace.target();
    await namespace.apply(installation.target('default', { ...spec, redis: { ...spec.redis, db: 1 } }));
    await namespace.kubectl(
      ...['patch', 'bsr', 'approved', '--type=merge'],
      `--patch={"spec":{"approvedPlan":"${digest}"}}`,
    );
    const asked = await poll('the new plan', async () => {
      const run = await namespace.run('approved');
      return run.status.plan?.digest !== digest ? run : undefined;
    });
    expect(conditionOf(asked, 'Succeeded')?.reason).toBe('AwaitingApproval');
    const redis = await installation.redis.client();
    expect(await redis.info('keyspace')).not.toContain('db1:');

    await namespace.kubectl(
      ...['patch', 'bsr', 'approved', '--type=merge'],
      `--patch={"spec":{"approvedPlan":"${asked.status.plan?.digest}"}}`,
    );
    expect((await namespace.ended('approved')).succeeded.reason).toBe('Recovered');
  });
});

describe('two installations that watch one namespace', () => {
  test('never work on the same run', async () => {
    await controller[Symbol.asyncDispose]();
    await namespace.apply(installation.target('default', { trust: { onFirstUse: true } }));
    const start = (name: string) =>
      startController(namespace, {
        args: [`--lease-name=${name}`, `--lease-namespace=${namespace.name}`],
        leaderElection: true,
      });
    await using first = await start('first');
    await using second = await start('second');
    for (let run = 0; run < 12; run += 1) {
      await namespace.start(`shared-${run}`, crowd(run % 6));
    }
    for (let run = 0; run < 12; run += 1) {
      const { run: ended, succeeded } = await namespace.ended(`shared-${run}`);
      expect(succeeded.status).toBe('True');
      expect(ended.status.attempts).toBe(1);
      expect(ended.status.controller).toBeUndefined();
    }
    const began = [...(await first.log()), ...(await second.log())]
      .filter(({ msg }) => msg === 'attempt begins')
      .map(({ name }) => name);
    expect(new Set(began).size).toBe(began.length);
  });
});
