import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BootstrapRecoveryManifest } from '../../src/api/bootstraprecovery.generated.ts';
import { kstatus } from '../api/kstatus.ts';
import type { GoldenAppName } from '../harness/golden.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple', 'deleg', 'defaults-snapshot-publish']);
  await namespace.apply(...installation.secrets, installation.target());
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

/** Loses everything and starts a run for an app. */
async function lose(
  name: string,
  spec: Partial<BootstrapRecoveryManifest['spec']> = {},
  appName: GoldenAppName = 'simple',
) {
  const app = installation.app(appName);
  const redis = await installation.redis.client();
  await redis.flushall();
  await namespace.start(name, { adminName: app.admin, appName: app.app, ...spec });
  return { app, redis };
}

const change = (name: string, spec: Partial<BootstrapRecoveryManifest['spec']>) =>
  namespace.kubectl('patch', 'bsr', name, '--type=merge', `--patch=${JSON.stringify({ spec })}`);

const gone = (name: string) =>
  poll(
    `${name} to be gone`,
    async () => (await namespace.kubectl('get', 'bsr', name, '--ignore-not-found')) === '',
  );

describe('the life of a run', () => {
  test('kubectl wait is all it takes to wait for the end', async () => {
    await lose('waited');
    await namespace.kubectl('wait', '--for=condition=Succeeded', '--timeout=300s', 'bsr/waited');
    const line = await namespace.kubectl('get', 'bsr', 'waited', '--no-headers');
    expect(line).toMatch(/waited\s+\S+\s+\S+\s+Recover\s+FullLoss\s+True\s+Recovered\s+\d+s\s+\d+s/);
  });

  test('Verify reports what a recovery would write and writes nothing', async () => {
    const { redis } = await lose('look', { mode: 'Verify' }, 'deleg');
    const { run, succeeded } = await namespace.ended('look');
    expect(succeeded).toMatchObject({ status: 'False', reason: 'DriftDetected' });
    expect(run.status.plan?.creates).toBeGreaterThan(10);
    expect(run.metadata.finalizers).toBeUndefined();
    expect(await redis.dbsize()).toBe(0);
  });

  test('the report holds the whole plan and goes with the run', async () => {
    await lose('reported', {}, 'deleg');
    const { run } = await namespace.ended('reported');
    const configMap = JSON.parse(
      await namespace.kubectl('get', 'configmap', run.status.reportRef?.name ?? '', '--output=json'),
    );
    const report = JSON.parse(configMap.data['report.json']);
    expect(report).toMatchObject({
      taskID: run.metadata.uid,
      succeeded: { reason: 'Recovered' },
      state: 'FullLoss',
    });
    expect(report.plan.digest).toBe(run.status.plan?.digest);
    expect(report.plan.actions.length).toBe(run.status.plan?.creates);
    expect(configMap.metadata.ownerReferences).toMatchObject([
      { kind: 'BootstrapRecovery', name: 'reported', uid: run.metadata.uid, controller: true },
    ]);
  });

  test('a suspended run waits, and starts when it is released', async () => {
    const { redis } = await lose('suspended', { suspend: true });
    const waiting = await namespace.reason('suspended', 'Suspended');
    expect(waiting.status.startTime).toBeUndefined();
    expect(kstatus({ metadata: { generation: 1 }, status: waiting.status })).toBe('Current');
    expect(await redis.dbsize()).toBe(0);
    await change('suspended', { suspend: false });
    expect((await namespace.ended('suspended')).succeeded.reason).toBe('Recovered');
  });

  test('a plan waits for approval of exactly this plan', async () => {
    const { app, redis } = await lose('manual', { approval: 'Manual', timeoutSeconds: 30 });
    const waiting = await namespace.reason('manual', 'AwaitingApproval');
    const digest = waiting.status.plan?.digest ?? '';
    expect(waiting.status.deadline).toBeUndefined();
    expect(waiting.status.reportRef).toBeDefined();
    expect(await redis.dbsize()).toBe(0);

    await change('manual', { approvedPlan: `sha256:${'0'.repeat(64)}` });
    await poll('the wrong approval to be refused', async () =>
      conditionOf(await namespace.run('manual'), 'Succeeded')?.message.includes('names another plan'),
    );
    expect(await redis.dbsize()).toBe(0);

    await change('manual', { approvedPlan: digest });
    const { run, succeeded } = await namespace.ended('manual');
    expect(succeeded.reason).toBe('Recovered');
    expect(run.status.attempts).toBe(1);
    expect(await app.differences(redis, run.metadata.uid)).toEqual([]);
  });

  test('a value that may be the default of the server waits for approval when the run asks', async () => {
    const app = installation.app('defaults-snapshot-publish');
    const redis = await installation.redis.client();
    await redis.flushall();
    await app.restoreTo(redis);
    const key = 'SNAPSHOT_EXPIRATION_alice_deleg';
    await namespace.start('asking', { adminName: app.admin, appName: app.app, uncertainValues: 'Ask' });
    const waiting = await namespace.reason('asking', 'AwaitingApproval');
    expect(conditionOf(waiting, 'Succeeded')?.message).toContain(`${key} = 14 is uncertain, it was 14 or 7`);
    expect(await redis.exists(key)).toBe(0);

    await change('asking', { approvedPlan: waiting.status.plan?.digest ?? '' });
    expect((await namespace.ended('asking')).succeeded.reason).toBe('Recovered');
    expect(await redis.get(key)).toBe('14');
  });

  test('cancelling a run that waits ends it for good', async () => {
    const { redis } = await lose('cancelled', { approval: 'Manual' });
    await namespace.reason('cancelled', 'AwaitingApproval');
    await change('cancelled', { cancel: true });
    const { succeeded } = await namespace.ended('cancelled');
    expect(succeeded).toMatchObject({ status: 'False', reason: 'Cancelled' });
    expect(await redis.dbsize()).toBe(0);
  });

  test('a run that has ended stays as it ended, and its status follows the generation', async () => {
    await lose('ended');
    const before = (await namespace.ended('ended')).run;
    await change('ended', { cancel: true, suspend: true });
    const after = await poll('the status to follow', async () => {
      const run = await namespace.run('ended');
      return run.status.observedGeneration === run.metadata.generation ? run : undefined;
    });
    const conditionsOf = ({ status }: typeof after) =>
      status.conditions?.map(({ observedGeneration: _, ...rest }) => rest);
    expect(conditionsOf(after)).toEqual(conditionsOf(before));
    expect(kstatus({ metadata: { generation: 2 }, status: after.status })).toBe('Current');
  });

  test('a run with a time to live is deleted after its end', async () => {
    await lose('short-lived', { ttlSecondsAfterFinished: 0 });
    await gone('short-lived');
  });

  test('two runs of one app take turns, and the second finds nothing to do', async () => {
    const { app, redis } = await lose('first', { suspend: true });
    await namespace.start('second', { adminName: app.admin, appName: app.app, suspend: true });
    await Promise.all(['first', 'second'].map((name) => change(name, { suspend: false })));
    const ends = await Promise.all(['first', 'second'].map((name) => namespace.ended(name)));
    expect(ends.map(({ succeeded }) => succeeded.reason).sort()).toEqual(['AlreadyConsistent', 'Recovered']);
    const winner = ends.find(({ succeeded }) => succeeded.reason === 'Recovered')?.run;
    expect(await app.differences(redis, winner?.metadata.uid ?? '')).toEqual([]);
  });

  test('the lock of another owner is waited for, by name', async () => {
    const app = installation.app('simple');
    const redis = await installation.redis.client();
    await redis.flushall();
    await redis.set(`RECOVERY_LOCK_${app.admin}_${app.app}`, 'another-owner');
    await namespace.start('queued', { adminName: app.admin, appName: app.app });
    const waiting = await namespace.reason('queued', 'WaitingForLock');
    expect(conditionOf(waiting, 'Succeeded')?.message).toContain('another-owner');
    await redis.del(`RECOVERY_LOCK_${app.admin}_${app.app}`);
    expect((await namespace.ended('queued')).succeeded.reason).toBe('Recovered');
  });

  test('waiting for the lock of another recovery does not count against timeoutSeconds', async () => {
    const app = installation.app('simple');
    const redis = await installation.redis.client();
    await redis.flushall();
    const lock = `RECOVERY_LOCK_${app.admin}_${app.app}`;
    const timeoutSeconds = 8;
    await redis.set(lock, 'crashed', 'PX', 300_000);
    await namespace.start('patient', { adminName: app.admin, appName: app.app, timeoutSeconds });
    const waiting = await namespace.reason('patient', 'WaitingForLock');
    // From here on it waits for as long as it may take.
    await redis.pexpire(lock, timeoutSeconds * 1_000);
    const message = conditionOf(waiting, 'Succeeded')?.message;
    expect(message).toContain(`until ${waiting.status.lockWaitDeadline}; this time does not count`);
    const { run, succeeded } = await namespace.ended('patient');
    expect(succeeded.reason).toBe('Recovered');
    expect(run.status.attempts).toBe(1);
  });

  test('deleting a run at any stage lets it go at once and leaves no lock', async () => {
    const { app, redis } = await lose('deleted-waiting', { approval: 'Manual' });
    await namespace.reason('deleted-waiting', 'AwaitingApproval');
    await namespace.kubectl('delete', 'bsr', 'deleted-waiting', '--timeout=300s');
    await lose('deleted-suspended', { suspend: true });
    await namespace.reason('deleted-suspended', 'Suspended');
    await namespace.kubectl('delete', 'bsr', 'deleted-suspended', '--timeout=300s');
    await lose('deleted-ended');
    await namespace.ended('deleted-ended');
    await namespace.kubectl('delete', 'bsr', 'deleted-ended', '--timeout=300s');
    expect(await redis.get(`RECOVERY_LOCK_${app.admin}_${app.app}`)).toBeNull();
  });

  test('a lock that a dead controller left is given back when its run is deleted', async () => {
    const { app, redis } = await lose('left-behind', { suspend: true });
    const { metadata } = await namespace.reason('left-behind', 'Suspended');
    const lock = `RECOVERY_LOCK_${app.admin}_${app.app}`;
    await redis.set(lock, metadata.uid);
    await namespace.kubectl(
      ...['patch', 'bsr', 'left-behind', '--type=merge'],
      '--patch={"metadata":{"finalizers":["tuf-recovery.dev/lock"]}}',
    );
    await namespace.kubectl('delete', 'bsr', 'left-behind', '--timeout=300s');
    expect(await redis.get(lock)).toBeNull();
  });

  test('an attempt of the same run that wrote a moment ago, elsewhere, counts: the run says Recovered', async () => {
    const { app, redis } = await lose('written-elsewhere', { suspend: true });
    const { metadata } = await namespace.reason('written-elsewhere', 'Suspended');
    await app.restoreTo(redis);
    await redis.set(`BOOTSTRAP_${app.admin}_${app.app}`, metadata.uid);
    await change('written-elsewhere', { suspend: false });
    expect((await namespace.ended('written-elsewhere')).succeeded.reason).toBe('Recovered');
    expect(await app.differences(redis, metadata.uid)).toEqual([]);
  });

  test('events report each transition once, and the end in one event', async () => {
    await lose('eventful');
    await namespace.ended('eventful');
    const reasons = await poll('the events', async () => {
      const events: { items: { reason: string; regarding: { name: string } }[] } = JSON.parse(
        await namespace.kubectl('get', 'events.events.k8s.io', '--output=json'),
      );
      const seen = events.items
        .filter(({ regarding }) => regarding.name === 'eventful')
        .map(({ reason }) => reason);
      return seen.includes('Recovered') ? seen : undefined;
    });
    // A run that lasts reports its stages; how long this one took depends on the machine.
    expect(new Set(reasons).size).toBe(reasons.length);
    expect(
      reasons.filter((reason) => reason !== 'MetadataVerified' && reason !== 'RecoveryRequired'),
    ).toEqual(['Recovered']);
  });

  test('a run that finds nothing to do leaves nothing behind but its status', async () => {
    const app = installation.app('simple');
    await lose('needed');
    await namespace.ended('needed');
    await namespace.start('needless', { adminName: app.admin, appName: app.app });
    const { run, succeeded } = await namespace.ended('needless');
    expect(succeeded).toMatchObject({ status: 'True', reason: 'AlreadyConsistent' });
    expect(run.status.reportRef).toBeUndefined();
    expect(await namespace.kubectl('get', 'configmap', 'needless-report', '--ignore-not-found')).toBe('');
  });

  test('what was done is counted', async () => {
    const metrics = await controller.metrics();
    expect(metrics).toMatch(
      /bootstrap_recovery_runs_total\{mode="Recover",outcome="succeeded",reason="Recovered"\} \d/,
    );
    expect(metrics).toMatch(
      /bootstrap_recovery_duration_seconds_count\{mode="Recover",outcome="succeeded"\} \d/,
    );
    expect(metrics).toMatch(/bootstrap_recovery_keys_total\{action="create"\} \d\d/);
    expect(metrics).toMatch(
      /controller_runtime_reconcile_total\{controller="bootstraprecovery",result="success"\} \d/,
    );
    expect(metrics).toContain('controller_runtime_reconcile_panics_total{controller="bootstraprecovery"} 0');
    expect(metrics).toMatch(
      /bootstrap_recovery_storage_requests_total\{operation="GetObject",result="ok"\} \d/,
    );
  });
});
