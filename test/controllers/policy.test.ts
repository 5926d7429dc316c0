import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RecoveryPolicy } from '../../src/api/recoverypolicy.generated.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy, existingPolicy } from './support/policies.ts';

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple', 'deleg']);
  await namespace.apply(...installation.secrets, installation.target());
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await namespace.kubectl('delete', 'rp', '--all');
  const redis = await installation.redis.client();
  await redis.flushall();
  for (const name of ['simple', 'deleg'] as const) {
    await installation.app(name).restoreTo(redis);
  }
});

async function lose(): Promise<void> {
  await (await installation.redis.client()).flushall();
}

const statusOf = (policy: RecoveryPolicy, type: string) => conditionOf(policy, type)?.status;

describe('a RecoveryPolicy', () => {
  test('of one line finds every app of the target by itself and looks at it', async () => {
    await namespace.apply({
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'RecoveryPolicy',
      metadata: { name: 'all' },
      spec: { discover: true },
    });
    await namespace.kubectl('wait', '--for=condition=Ready', '--timeout=60s', 'rp/all');
    const { status } = await existingPolicy(namespace, 'all').get();
    expect(status.apps?.map(({ appName, state }) => [appName, state])).toEqual(
      [installation.app('deleg'), installation.app('simple')].map(({ app }) => [app, 'Healthy']),
    );
    expect(status).toMatchObject({ appCount: 2, lostCount: 0, active: [] });
    expect(statusOf({ status } as RecoveryPolicy, 'LossDetected')).toBe('False');
    expect(await namespace.kubectl('get', 'rp', 'all', '--no-headers')).toMatch(
      /True\s+Verified\s+Report\s+2\s+0/,
    );
    expect(await controller.metrics()).toContain(
      `bootstrap_recovery_policy_apps{namespace="${namespace.name}",policy="all",state="Healthy"} 2`,
    );
  });

  test('with action Report tells a loss at once, and never repairs it', async () => {
    const policy = await createPolicy(namespace, 'report', installation.app('simple'));
    await policy.until('to be Ready', (seen) => statusOf(seen, 'Ready') === 'True');
    await lose();
    for (const losses of [1, 2, 3, 4]) {
      const seen = await policy.look();
      expect(statusOf(seen, 'LossDetected')).toBe('True');
      expect(seen.status.apps?.[0]).toMatchObject({ state: 'FullLoss', consecutiveLosses: losses });
    }
    expect(await policy.runs()).toEqual([]);
    expect(await (await installation.redis.client()).dbsize()).toBe(0);
    expect(await namespace.kubectl('events', '--for=rp/report')).toMatch(/Warning\s+SettingsLost/);
    expect(await controller.metrics()).toContain(
      `bootstrap_recovery_policy_lost_apps{namespace="${namespace.name}",policy="report"} 1`,
    );
  });

  test('with action Recover repairs a loss after exactly as many looks as the threshold says', async () => {
    const app = installation.app('deleg');
    const policy = await createPolicy(namespace, 'recover', app, { action: 'Recover', failureThreshold: 3 });
    await policy.until('to be Ready', (seen) => statusOf(seen, 'Ready') === 'True');
    await lose();
    await policy.look();
    await policy.look();
    expect(await policy.runs()).toEqual([]);
    await policy.look();
    const [run] = await poll('a run', async () => {
      const found = await policy.runs();
      return found.length > 0 ? found : undefined;
    });
    expect(run?.metadata.name).toMatch(/^recover-[0-9a-f]{10}-\d+$/);
    const { succeeded } = await namespace.ended(run?.metadata.name ?? '');
    expect(succeeded).toMatchObject({ status: 'True', reason: 'Recovered' });
    const seen = await policy.until(
      'to see it repaired',
      ({ status }) => status.apps?.[0]?.state === 'Healthy',
    );
    expect(statusOf(seen, 'LossDetected')).toBe('False');
    expect(seen.status.apps?.[0]).toMatchObject({
      consecutiveLosses: 0,
      recoveries: [{ name: run?.metadata.name, state: 'Succeeded' }],
    });
    expect(await policy.runs()).toHaveLength(1);
    const redis = await installation.redis.client();
    expect(await app.differences(redis, run?.metadata.uid)).toEqual([]);
  });

  test('stops repairing an app that loses its settings again and again, and says so', async () => {
    const policy = await createPolicy(namespace, 'breaker', installation.app('simple'), {
      action: 'Recover',
      failureThreshold: 1,
    });
    await policy.until('to be Ready', (seen) => statusOf(seen, 'Ready') === 'True');
    await lose();
    await policy.look();
    await policy.until('to see it repaired', ({ status }) => status.apps?.[0]?.state === 'Healthy');
    await lose();
    const seen = await policy.look();
    expect(conditionOf(seen, 'CircuitOpen')).toMatchObject({ status: 'True', reason: 'TooManyRecoveries' });
    expect(statusOf(seen, 'LossDetected')).toBe('True');
    expect(await policy.runs()).toHaveLength(1);
    expect(await controller.metrics()).toContain(
      `bootstrap_recovery_policy_suppressed_recoveries_total{namespace="${namespace.name}",policy="breaker"} 1`,
    );
    // A person who has found the cause allows one more.
    await policy.change({ maxRecoveriesPerHour: 2 });
    await policy.until('to see it repaired', ({ status }) => status.apps?.[0]?.state === 'Healthy');
    expect(statusOf(await policy.get(), 'CircuitOpen')).toBe('False');
    expect(await policy.runs()).toHaveLength(2);
  });

  test('keeps as many ended runs as its history says', async () => {
    const policy = await createPolicy(namespace, 'history', installation.app('simple'), {
      action: 'Recover',
      failureThreshold: 1,
      maxRecoveriesPerHour: 10,
      successfulRunsHistoryLimit: 1,
    });
    await policy.until('to be Ready', (seen) => statusOf(seen, 'Ready') === 'True');
    for (const count of [1, 2, 3]) {
      await lose();
      await policy.look();
      await policy.until(
        'to see it repaired',
        ({ status: { apps } }) => apps?.[0]?.state === 'Healthy' && apps[0].recoveries?.length === count,
      );
      // An object holds its end in whole seconds, and of two that ended in the same one neither is the newer.
      const second = Math.floor(Date.now() / 1000);
      await poll('the second to be over', () => Math.floor(Date.now() / 1000) > second);
    }
    await poll('the older runs to go', async () => (await policy.runs()).length === 1);
    const newest = (await policy.app()).recoveries?.at(-1);
    expect((await policy.runs())[0]?.metadata.name).toBe(newest?.name);
  });

  test('looks again by itself, in its interval', async () => {
    const policy = await createPolicy(namespace, 'interval', installation.app('simple'), {
      intervalSeconds: 10,
    });
    const first = await policy.until('to look', ({ status }) => status.apps?.[0]?.state === 'Healthy');
    expect(Date.parse(first.status.nextVerificationTime ?? '')).toBe(
      Date.parse(first.status.lastVerificationTime ?? '') + 10_000,
    );
    await lose();
    await policy.until('to look twice more', ({ status }) => status.apps?.[0]?.consecutiveLosses === 2);
  });

  test('suspended looks at nothing; released it looks at once', async () => {
    const policy = await createPolicy(namespace, 'resting', installation.app('simple'), { suspend: true });
    const seen = await policy.until('to rest', ({ status }) => status.observedGeneration === 1);
    expect(conditionOf(seen, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'Suspended' });
    await policy.change({ suspend: false });
    await policy.until('to look', ({ status }) => status.apps?.[0]?.state === 'Healthy');
  });

  test('waits for its target, and begins when it is there', async () => {
    const policy = await createPolicy(namespace, 'early', installation.app('simple'), {
      targetRef: { name: 'later' },
    });
    const seen = await policy.until('to wait', ({ status }) => status.observedGeneration === 1);
    expect(conditionOf(seen, 'Ready')).toMatchObject({ status: 'False', reason: 'WaitingForTarget' });
    await namespace.apply(installation.target('later'));
    await policy.until('to look', ({ status }) => status.apps?.[0]?.state === 'Healthy');
  });

  test('on a target that is only read reports, and says why it does not repair', async () => {
    await namespace.apply(installation.target('only-read', { accessMode: 'ReadOnly' }));
    const policy = await createPolicy(namespace, 'reader', installation.app('simple'), {
      targetRef: { name: 'only-read' },
      action: 'Recover',
      failureThreshold: 1,
    });
    await lose();
    const seen = await policy.look();
    expect(conditionOf(seen, 'Ready')).toMatchObject({ status: 'False', reason: 'TargetReadOnly' });
    expect(statusOf(seen, 'LossDetected')).toBe('True');
    expect(await policy.runs()).toEqual([]);
  });

  test('is deleted with its runs and what it has captured', async () => {
    const policy = await createPolicy(namespace, 'leaving', installation.app('simple'));
    await policy.until('to look', ({ status }) => status.apps?.[0]?.settingsRef !== undefined);
    const { name = '' } = (await policy.app()).settingsRef ?? {};
    const { metadata } = await policy.get();
    const map = JSON.parse(await namespace.kubectl('get', 'configmap', name, '--output=json'));
    expect(map.metadata.ownerReferences).toMatchObject([{ kind: 'RecoveryPolicy', uid: metadata.uid }]);
    await namespace.kubectl('delete', 'rp', 'leaving');
    await poll(
      'its series to end',
      async () => !(await controller.metrics()).includes('policy="leaving",state'),
    );
  });
});
