import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../../src/api/condition.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import {
  type ControllerProcess,
  type ControllerProcessOptions,
  startController,
} from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy, existingPolicy, type TestPolicy } from './support/policies.ts';
import { watchRuns } from './support/watched-runs.ts';
import { watchStates } from './support/watched-states.ts';

type Moment = (state: BootstrapState) => boolean;

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
  await namespace.kubectl('delete', 'rp,bsr,bst', '--all');
  const redis = await installation.redis.client();
  await redis.flushall();
  await installation.app('deleg').restoreTo(redis);
  await redis.config('RESETSTAT');
});

const start = (options: ControllerProcessOptions = {}): Promise<ControllerProcess> =>
  startController(namespace, { kubeconfig, ...options });
const isHealthy = ({ status }: BootstrapState): boolean =>
  findCondition(status.conditions, 'Healthy')?.status === 'True';

/** A policy that repairs at once, and its healthy app. */
async function guarded(name: string): Promise<TestPolicy> {
  const policy = await createPolicy(namespace, name, installation.app('deleg'), {
    action: 'Recover',
    stabilizationSeconds: 1,
  });
  await policy.untilApp('to be healthy', isHealthy);
  return policy;
}

async function lose(): Promise<void> {
  await (await installation.redis.client()).flushall();
}

/** How often settings were written; the script writes all of a small app by one command. */
async function timesWritten(): Promise<number> {
  const stats = await (await installation.redis.client()).info('commandstats');
  return Number(/cmdstat_mset:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

/** The app is whole again, by one run, which wrote once; what was remembered still is. */
async function expectOneRecovery(policy: TestPolicy, known: BootstrapState): Promise<void> {
  const repaired = await policy.untilApp(
    'to be repaired',
    (state) => isHealthy(state) && state.status.recoveries?.[0]?.state === 'Succeeded',
  );
  expect(repaired.status.recoveries).toHaveLength(1);
  expect(repaired.status.lossDetectedTime).toBeUndefined();
  expect(repaired.status.marks).toEqual(known.status.marks);
  expect(repaired.status.capturedSettings?.values).toEqual(known.status.capturedSettings?.values);
  expect(await policy.runs()).toHaveLength(1);
  expect(await timesWritten()).toBe(1);
}

/** Resolves when something was written about the app that fulfils the condition. */
async function whenWritten(condition: Moment): Promise<{ readonly reached: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watching = await watchStates(namespace, (state) => {
    if (condition(state)) {
      resolve();
    }
  });
  return { reached: promise.then(() => watching[Symbol.asyncDispose]()) };
}

/** Whether the controller may create runs. */
async function allowRuns(allowed: boolean): Promise<void> {
  const role = await readFile('test/controllers/fixtures/role.yaml', 'utf8');
  const changed = allowed ? role : role.replace('watch, create, patch, delete]', 'watch, patch, delete]');
  await namespace.cluster.apply(changed, { namespace: namespace.name });
}

describe('a controller that dies by SIGKILL while it guards leads to one recovery', () => {
  test.each<[string, Moment]>([
    ['the loss is written', ({ status }) => status.lossDetectedTime !== undefined],
    ['the decision is written', ({ status }) => status.recoveries?.[0]?.state === 'Ordered'],
    ['the run is known', ({ status }) => status.recoveries?.[0]?.state === 'UnderWay'],
    ['the object is updated', (state) => state.status.recoveries?.[0]?.state === 'Succeeded'],
  ])('as soon as %s', async (_, moment) => {
    let known: BootstrapState;
    let policy: TestPolicy;
    {
      await using first = await start();
      policy = await guarded('killed');
      known = await policy.app();
      const { reached } = await whenWritten(moment);
      await lose();
      await Promise.race([reached, delayed(policy)]);
      await first.process.kill();
    }
    await using _next = await start();
    await expectOneRecovery(policy, known);
  });

  /** A policy that has ordered a recovery whose run was never created, because the controller died. */
  async function orderedOnly(name: string): Promise<{ policy: TestPolicy; known: BootstrapState }> {
    try {
      await using first = await start();
      const policy = await guarded(name);
      const known = await policy.app();
      await allowRuns(false);
      await lose();
      const ordered = await policy.untilApp('to be decided', ({ status }) => status.recoveries !== undefined);
      const [order] = ordered.status.recoveries ?? [];
      expect(order?.state).toBe('Ordered');
      expect(findCondition(ordered.status.conditions, 'Healthy')?.message).toContain(
        `recovery ${order?.name} is being created`,
      );
      expect(await policy.runs()).toEqual([]);
      await poll('the event that says why there is no run', async () => {
        const events = await namespace.kubectl('events', '--types=Warning');
        return events.includes('RecoveryNotCreated') && events.includes(order?.name ?? '');
      });
      await first.process.kill();
      return { policy, known };
    } finally {
      await allowRuns(true);
    }
  }

  test('between the decision and the run', async () => {
    const { policy, known } = await orderedOnly('undone');
    const [order] = (await policy.app()).status.recoveries ?? [];
    await using _next = await start();
    await expectOneRecovery(policy, known);
    expect((await policy.runs())[0]?.metadata.name).toBe(order?.name);
  });

  test('between the decision and the run of a policy that is deleted then: the next policy decides anew', async () => {
    const { policy, known } = await orderedOnly('deleted');
    await namespace.kubectl('delete', 'rp', policy.name);
    const next = await createPolicy(namespace, 'next', installation.app('deleg'), {
      action: 'Recover',
      stabilizationSeconds: 1,
    });
    await using _next = await start();
    await expectOneRecovery(next, known);
  });

  test.each(['Trust', 'Apply', 'Record'] as const)('while the run is in stage %s', async (stage) => {
    let known: BootstrapState;
    let policy: TestPolicy;
    {
      await using first = await start();
      policy = await guarded('running');
      known = await policy.app();
      await using runs = await watchRuns(namespace);
      await lose();
      const [name] = await poll('the run', async () => {
        const found = await policy.runs();
        return found.length > 0 && found.map(({ metadata }) => metadata.name);
      });
      await Promise.race([runs.reached(name ?? '', stage), delayed(policy)]);
      await first.process.kill();
    }
    await using _next = await start();
    await expectOneRecovery(policy, known);
  });
});

describe('a controller that dies by SIGKILL before anything is lost forgets nothing and guards no app twice', () => {
  test.each<[string, Moment]>([
    ['the app has its object', () => true],
    ['the app is verified', ({ status }) => status.lastVerificationTime !== undefined],
    ['the settings are copied', ({ status }) => status.capturedSettings !== undefined],
  ])('as soon as %s', async (_, moment) => {
    {
      await using first = await start();
      const { reached } = await whenWritten(moment);
      const policy = await createPolicy(namespace, 'early', installation.app('deleg'), {
        action: 'Recover',
        stabilizationSeconds: 1,
      });
      await Promise.race([
        reached,
        policy.untilApp('to be copied', ({ status }) => status.capturedSettings !== undefined),
      ]);
      await first.process.kill();
    }
    await using _next = await start();
    const policy = existingPolicy(namespace, 'early', installation.app('deleg'));
    const known = await policy.untilApp(
      'to be healthy and remembered',
      (state) => isHealthy(state) && state.status.capturedSettings !== undefined,
    );
    expect((await namespace.kubectl('get', 'bst', '--output=name')).trim().split('\n')).toHaveLength(1);
    await lose();
    await expectOneRecovery(policy, known);
  });
});

/** A moment between two writes may have passed unseen: then it is killed after all of it. */
async function delayed(policy: TestPolicy): Promise<void> {
  await policy.untilApp('to be repaired', ({ status }) => status.recoveries?.[0]?.state === 'Succeeded');
}

describe('two controllers', () => {
  test('without an election decide once, and one run is created', async () => {
    await using _first = await start();
    await using _second = await start();
    const policy = await guarded('twice');
    const known = await policy.app();
    await lose();
    await expectOneRecovery(policy, known);
  });

  test('a leader that is paused between loss and decision, and its successor, recover once', async () => {
    const replica = { args: ['--lease-name=guard'], leaderElection: true };
    await using first = await start(replica);
    await poll('the first to lead', async () =>
      (await first.log()).some(({ msg }) => msg === 'became leader'),
    );
    await using second = await start(replica);
    const policy = await guarded('paused');
    const known = await policy.app();
    const { reached } = await whenWritten(({ status }) => status.lossDetectedTime !== undefined);
    await lose();
    await reached;
    first.process.suspend();
    await expectOneRecovery(policy, known);
    expect((await second.log()).some(({ msg }) => msg === 'became leader')).toBe(true);
    first.process.resume();
    expect(await first.process.exited).toMatchObject({ code: 1 });
    await expectOneRecovery(policy, known);
  });
});
