import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { watchRuns } from './support/watched-runs.ts';

let namespace: TestNamespace;
let installation: Installation;
let proxy: FaultProxy;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['deleg']);
  proxy = await startFaultProxy({ port: installation.redis.port });
  const { redis } = installation.target().spec;
  const address = `${proxy.host}:${proxy.port}`;
  await namespace.apply(
    ...installation.secrets,
    installation.target('default', { redis: { ...redis, address } }),
  );
});

afterAll(async () => {
  await proxy?.stop();
  await installation?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await proxy.heal();
  const redis = await installation.redis.client();
  await redis.flushall();
  await redis.config('RESETSTAT');
});

/** How often settings were written; the script writes all of a small app by one command. */
async function timesWritten(): Promise<number> {
  const stats = await (await installation.redis.client()).info('commandstats');
  return Number(/cmdstat_mset:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

const leads = async (controller: ControllerProcess): Promise<boolean> =>
  (await controller.log()).some(({ msg }) => msg === 'became leader');

/** A run of the app, met in the stage where its script is on its way to Redis. */
async function startAndMeet(name: string): Promise<void> {
  await proxy.inject({ kind: 'delay', ms: 1_500 });
  const app = installation.app('deleg');
  await using runs = await watchRuns(namespace);
  await namespace.start(name, { adminName: app.admin, appName: app.app });
  await runs.reached(name, 'Apply');
}

async function expectRecoveredOnce(name: string): Promise<void> {
  const { run, succeeded } = await namespace.ended(name);
  expect(succeeded).toMatchObject({ status: 'True', reason: 'Recovered' });
  expect(run.status.attempts).toBe(1);
  expect(await timesWritten()).toBe(1);
  const redis = await installation.redis.client();
  expect(await installation.app('deleg').differences(redis, run.metadata.uid)).toEqual([]);
  await poll('the lock to go', async () => (await redis.keys('RECOVERY_LOCK_*')).length === 0);
}

describe('the lease of a controller in a pod', () => {
  test.each([
    { of: 'its own namespace', podNamespace: (own: string) => own, owners: ['controller-1'] },
    { of: 'another namespace, where an owner counts as gone', podNamespace: () => 'elsewhere', owners: [] },
  ])('of $of belongs to the pods $owners', async ({ podNamespace, owners }) => {
    const name = `of-${owners.length}`;
    await using controller = await startController(namespace, {
      args: [`--lease-name=${name}`],
      leaderElection: true,
      env: { POD_NAME: 'controller-1', POD_NAMESPACE: podNamespace(namespace.name), POD_UID: 'f3c0' },
    });
    await poll('it to lead', () => leads(controller));
    const lease = JSON.parse(await namespace.kubectl('get', 'lease', name, '--output=json'));
    const references: { kind: string; name: string; uid: string }[] = lease.metadata.ownerReferences ?? [];
    expect(references.map((each) => each.name)).toEqual(owners);
    expect(references).toEqual(owners.map(() => expect.objectContaining({ kind: 'Pod', uid: 'f3c0' })));
  });
});

describe('two replicas', () => {
  test('one leads; when it is killed in the middle of a run, the other completes that run', async () => {
    await using first = await startController(namespace, {
      args: ['--lease-name=killed'],
      leaderElection: true,
    });
    await poll('the first to lead', () => leads(first));
    await using second = await startController(namespace, {
      args: ['--lease-name=killed'],
      leaderElection: true,
    });
    await startAndMeet('handed-over');
    expect(await leads(second)).toBe(false);

    await first.process.kill();
    await proxy.heal();
    await expectRecoveredOnce('handed-over');
    expect(await leads(second)).toBe(true);
  });

  test('a leader paused while it writes no longer leads when it resumes: it writes nothing more and exits', async () => {
    await using first = await startController(namespace, {
      args: ['--lease-name=paused'],
      leaderElection: true,
    });
    await poll('the first to lead', () => leads(first));
    await using second = await startController(namespace, {
      args: ['--lease-name=paused'],
      leaderElection: true,
    });
    await startAndMeet('taken-over');

    first.process.suspend();
    await proxy.heal();
    await expectRecoveredOnce('taken-over');
    expect(await leads(second)).toBe(true);
    const { metadata, status } = await namespace.run('taken-over');

    first.process.resume();
    expect(await first.process.exited).toMatchObject({ code: 1 });
    const after = await namespace.run('taken-over');
    expect(after.status).toEqual(status);
    expect(after.metadata.uid).toBe(metadata.uid);
    const redis = await installation.redis.client();
    expect(await installation.app('deleg').differences(redis, metadata.uid)).toEqual([]);
    expect(await timesWritten()).toBe(1);
  });
});
