import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../../src/api/condition.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy, existingPolicy } from './support/policies.ts';
import { watchStates } from './support/watched-states.ts';

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['deleg', 'simple']);
  await namespace.apply(...installation.secrets, installation.target());
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await namespace.kubectl('delete', 'rp,bsr,bst', '--all');
  const redis = await installation.redis.client();
  await redis.flushall();
  for (const name of ['deleg', 'simple'] as const) {
    await installation.app(name).restoreTo(redis);
  }
});

const lose = async (): Promise<unknown> => (await installation.redis.client()).flushall();
const is = (object: { readonly status: { readonly conditions?: readonly object[] } }, type: string) =>
  // Conditions of every kind have the same shape.
  findCondition(object.status.conditions as Parameters<typeof findCondition>[0], type) as
    | { readonly status: string; readonly reason: string; readonly message: string }
    | undefined;

describe('a policy', () => {
  test('guards every app of its target, and each has an object that says how it is', async () => {
    await namespace.apply({
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'RecoveryPolicy',
      metadata: { name: 'all' },
      spec: { discover: true },
    });
    await namespace.kubectl('wait', '--for=condition=Ready', 'rp/all', '--timeout=300s');
    const { status } = await existingPolicy(namespace, 'all', installation.app('simple')).get();
    expect(status).toMatchObject({ appCount: 2, healthyCount: 2, lostCount: 0, recoverableCount: 2 });
    expect(await namespace.kubectl('get', 'rp', 'all', '--no-headers')).toMatch(
      /True\s+Verified\s+Report\s+2\s+0/,
    );
    const table = await namespace.kubectl('get', 'bst');
    expect(table).toMatch(/ADMIN\s+APP\s+HEALTHY\s+STATE\s+RECOVERABLE\s+FRESH UNTIL\s+VERIFIED\s+AGE/);
    expect(table).toMatch(/admin\s+simple\s+True\s+Healthy\s+13\/13\s+\d{4}-\d\d-\d\dT/);
    const metrics = await controller.metrics();
    expect(metrics).toContain(
      `bootstrap_recovery_policy_apps{namespace="${namespace.name}",policy="all",state="Healthy"} 2`,
    );
    expect(metrics).toMatch(/^bootstrap_recovery_app_recoverable\{namespace="[^"]+",.*app="simple"\} 1$/m);
  });

  test('finds an app whose bootstrap ends while it guards others, without waiting for an interval', async () => {
    const redis = await installation.redis.client();
    await namespace.apply({
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'RecoveryPolicy',
      metadata: { name: 'all' },
      spec: { discover: true },
    });
    await namespace.kubectl('wait', '--for=condition=Ready', 'rp/all', '--timeout=300s');
    const { admin, objects } = installation.app('simple');
    await installation.s3.put(
      installation.bucket,
      objects.map(({ name, body }) => ({ key: `tuf_metadata/${admin}/newcomer/${name}`, body })),
    );
    await redis.set(`BOOTSTRAP_${admin}_newcomer`, 'some-task');
    await poll('the newcomer', async () => (await namespace.kubectl('get', 'bst')).includes('newcomer'));
  });

  test('finds the apps of an admin whose name holds a slash', async () => {
    const { objects } = installation.app('simple');
    await installation.s3.put(
      installation.bucket,
      objects.map(({ name, body }) => ({ key: `slashes/team/alice/tuf/${name}`, body })),
    );
    const { storage } = installation.target().spec;
    const change = { storage: { ...storage, prefix: 'slashes' }, trust: { onFirstUse: true } };
    await namespace.apply(installation.target('slashes', change), {
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'RecoveryPolicy',
      metadata: { name: 'slashes' },
      spec: { targetRef: { name: 'slashes' }, discover: true },
    });
    const policy = existingPolicy(namespace, 'slashes', { admin: 'team/alice', app: 'tuf' }, 'slashes');
    await policy.untilApp('to be verified', (state) => is(state, 'Healthy') !== undefined);
    const columns = '--output=jsonpath={range .items[*]}{.spec.adminName} {.spec.appName}{"\\n"}{end}';
    const table = await namespace.kubectl('get', 'bst', columns);
    expect(table.trim().split('\n')).toEqual(['team/alice tuf']);
    const { status } = await namespace.target('slashes');
    expect(status.apps).toMatchObject([{ adminName: 'team/alice', appName: 'tuf' }]);
  });

  test('with action Report reports a loss at once, and never repairs it', async () => {
    const policy = await createPolicy(namespace, 'report', installation.app('simple'), {
      stabilizationSeconds: 0,
    });
    await policy.untilApp('to be healthy', (seen) => is(seen, 'Healthy')?.status === 'True');
    await lose();
    const seen = await policy.untilApp('to be lost', (state) => is(state, 'Healthy')?.status === 'False');
    expect(seen.status).toMatchObject({
      state: 'FullLoss',
      lossDetectedTime: expect.stringMatching(/:\d\d\.\d{6}Z$/),
    });
    expect(is(seen, 'Healthy')).toMatchObject({
      reason: 'SettingsLost',
      message: expect.stringContaining('create a BootstrapRecovery'),
    });
    expect(is(seen, 'Stalled')?.status).toBe('True');
    await policy.until('to report the loss', (found) => is(found, 'LossDetected')?.status === 'True');
    await delay(1_000);
    expect(await policy.runs()).toEqual([]);
    expect((await (await installation.redis.client()).keys('*_simple')).length).toBe(0);
    await poll('the event', async () =>
      /Warning\s+SettingsLost/.test(await namespace.kubectl('events', '--for=rp/report')),
    );
  });

  test('with action Recover repairs a loss that persists, once, and says so in the same object', async () => {
    const app = installation.app('deleg');
    const policy = await createPolicy(namespace, 'recover', app, {
      action: 'Recover',
      stabilizationSeconds: 2,
    });
    await policy.untilApp('to be healthy', (seen) => is(seen, 'Healthy')?.status === 'True');
    const written: BootstrapState[] = [];
    await using _watching = await watchStates(namespace, (state) => written.push(state));
    await lose();
    // By a watch: who asks now and then can miss two seconds on a loaded machine.
    const lost = await poll('the app to be lost', () =>
      written.find((state) => is(state, 'Healthy')?.status === 'False'),
    );
    expect(is(lost, 'Reconciling')?.status).toBe('True');
    const seen = await policy.untilApp(
      'to be repaired',
      (state) => state.status.recoveries?.[0]?.state === 'Succeeded',
    );
    expect(is(seen, 'Healthy')?.status).toBe('True');
    expect(seen.status.lossDetectedTime).toBeUndefined();
    const [run, ...more] = await policy.runs();
    expect(more).toEqual([]);
    expect(run?.metadata.name).toMatch(/^recover-[0-9a-f]{10}-\d+$/);
    await policy.until('to see it', (found) => is(found, 'LossDetected')?.status === 'False');
    const redis = await installation.redis.client();
    expect(await app.differences(redis, run?.metadata.uid)).toEqual([]);
  });

  test('does not act upon a loss that passes before it has persisted', async () => {
    const app = installation.app('simple');
    const policy = await createPolicy(namespace, 'patient', app, {
      action: 'Recover',
      stabilizationSeconds: 600,
    });
    await policy.untilApp('to be healthy', (seen) => is(seen, 'Healthy')?.status === 'True');
    await lose();
    await policy.untilApp('to be lost', (state) => is(state, 'Healthy')?.status === 'False');
    await app.restoreTo(await installation.redis.client());
    const seen = await policy.untilApp(
      'to be healthy again',
      (state) => is(state, 'Healthy')?.status === 'True',
    );
    expect(seen.status).toMatchObject({ consecutiveLosses: 0 });
    expect(seen.status.lossDetectedTime).toBeUndefined();
    // A loss that still counted would have lasted long enough from here on.
    await policy.change({ stabilizationSeconds: 0 });
    expect((await policy.verify()).status.recoveries ?? []).toEqual([]);
    expect(await policy.runs()).toEqual([]);
  });

  test('a run that another client created is seen at once', async () => {
    const { admin, app } = installation.app('simple');
    const policy = await createPolicy(namespace, 'watching', installation.app('simple'));
    await policy.untilApp('to be healthy', (seen) => is(seen, 'Healthy')?.status === 'True');
    await lose();
    await policy.untilApp('to be lost', (state) => is(state, 'Healthy')?.status === 'False');
    await namespace.start('by-hand', { adminName: admin, appName: app });
    expect((await namespace.ended('by-hand')).succeeded.reason).toBe('Recovered');
    await policy.untilApp('to be healthy again', (state) => is(state, 'Healthy')?.status === 'True');
  });

  test('stops repairing an app that loses its settings again and again, and says so', async () => {
    const policy = await createPolicy(namespace, 'breaker', installation.app('simple'), {
      action: 'Recover',
      stabilizationSeconds: 0,
    });
    await policy.untilApp('to be healthy', (seen) => is(seen, 'Healthy')?.status === 'True');
    await lose();
    await policy.untilApp('to be repaired', ({ status }) => status.recoveries?.[0]?.state === 'Succeeded');
    await lose();
    const seen = await policy.untilApp('to be held', (state) => is(state, 'CircuitOpen')?.status === 'True');
    expect(is(seen, 'CircuitOpen')?.reason).toBe('TooManyRecoveries');
    expect(is(seen, 'Healthy')?.status).toBe('False');
    await policy.until('to say so', (found) => is(found, 'CircuitOpen')?.status === 'True');
    expect(await policy.runs()).toHaveLength(1);
    expect(await controller.metrics()).toContain(
      `bootstrap_recovery_policy_suppressed_recoveries_total{namespace="${namespace.name}",policy="breaker"} 1`,
    );
    // A person who has found the cause allows one more.
    await policy.change({ maxRecoveriesPerHour: 2 });
    await policy.untilApp('to be repaired', (state) => is(state, 'Healthy')?.status === 'True');
    expect(is(await policy.app(), 'CircuitOpen')?.status).toBe('False');
    expect(await policy.runs()).toHaveLength(2);
  });

  test('keeps as many ended runs as its history says', async () => {
    const policy = await createPolicy(namespace, 'history', installation.app('simple'), {
      action: 'Recover',
      stabilizationSeconds: 0,
      maxRecoveriesPerHour: 10,
      successfulRunsHistoryLimit: 1,
    });
    await policy.untilApp('to be healthy', (seen) => is(seen, 'Healthy')?.status === 'True');
    for (const count of [1, 2, 3]) {
      await lose();
      await policy.untilApp(
        'to be repaired',
        ({ status: { recoveries } }) =>
          recoveries?.length === count && recoveries.every(({ state }) => state === 'Succeeded'),
      );
    }
    await poll('the older runs to go', async () => (await policy.runs()).length === 1);
    const newest = (await policy.app()).status.recoveries?.at(-1);
    expect((await policy.runs())[0]?.metadata.name).toBe(newest?.name);
  });

  test('suspended guards nothing, and what is remembered stays; released it verifies at once', async () => {
    const policy = await createPolicy(namespace, 'resting', installation.app('simple'));
    const known = await policy.untilApp('to be healthy', (seen) => is(seen, 'Healthy')?.status === 'True');
    await policy.change({ suspend: true });
    const resting = await policy.untilApp(
      'to rest',
      (state) => is(state, 'Healthy')?.reason === 'NotGuarded',
    );
    expect(resting.status.marks).toEqual(known.status.marks);
    // Nothing is under way: a generic tool must not wait for it.
    expect(is(resting, 'Ready')).toBeUndefined();
    expect(is(await policy.get(), 'Ready')).toMatchObject({ status: 'True', reason: 'Suspended' });
    await policy.change({ suspend: false });
    await policy.untilApp('to be healthy', (seen) => is(seen, 'Healthy')?.status === 'True');
  });

  test('waits for its target, and begins when it is there', async () => {
    const policy = await createPolicy(namespace, 'early', installation.app('simple'), {
      targetRef: { name: 'later' },
    });
    const seen = await policy.until('to wait', ({ status }) => status.observedGeneration === 1);
    expect(is(seen, 'Ready')).toMatchObject({ status: 'False', reason: 'WaitingForTarget' });
    await namespace.apply(installation.target('later'));
    await policy.untilApp('to be healthy', (state) => is(state, 'Healthy')?.status === 'True');
  });

  test('on a target that is only read reports, and says why it does not repair', async () => {
    await namespace.apply(installation.target('only-read', { accessMode: 'ReadOnly' }));
    const policy = await createPolicy(namespace, 'reader', installation.app('simple'), {
      targetRef: { name: 'only-read' },
      action: 'Recover',
      stabilizationSeconds: 0,
    });
    await policy.untilApp('to be healthy', (state) => is(state, 'Healthy')?.status === 'True');
    await lose();
    const seen = await policy.untilApp('to be lost', (state) => is(state, 'Healthy')?.status === 'False');
    expect(is(seen, 'Healthy')?.message).toContain('ReadOnly');
    await policy.until('to say so', (found) => is(found, 'Ready')?.reason === 'TargetReadOnly');
    expect(await policy.runs()).toEqual([]);
  });

  test('deleted forgets nothing; deleting the object of an app does', async () => {
    const policy = await createPolicy(namespace, 'leaving', installation.app('simple'));
    const known = await policy.untilApp(
      'to be remembered',
      ({ status }) => status.capturedSettings !== undefined,
    );
    await namespace.kubectl('delete', 'rp', 'leaving');
    const left = await policy.untilApp('to rest', (state) => is(state, 'Healthy')?.reason === 'NotGuarded');
    expect(left.status.marks).toEqual(known.status.marks);
    expect(left.status.capturedSettings).toEqual(known.status.capturedSettings);
    await poll(
      'its series to end',
      async () => !(await controller.metrics()).includes('policy="leaving",state'),
    );
    await namespace.kubectl('delete', 'bst', known.metadata.name);
    const again = await createPolicy(namespace, 'leaving', installation.app('simple'));
    const fresh = await again.untilApp('to be verified anew', ({ status }) => status.marks !== undefined);
    expect(fresh.metadata.uid).not.toBe(known.metadata.uid);
  });
});
