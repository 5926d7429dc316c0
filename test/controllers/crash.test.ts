import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bootstrapRecoveries, lockFinalizer } from '../../src/api/resources.ts';
import type { APIClient } from '../../src/kube/client/api-client.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { adminClient } from './support/api-client.ts';
import { startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { applyProxiedTarget, type ProxiedTarget } from './support/proxied-target.ts';
import { type WatchedRuns, watchRuns } from './support/watched-runs.ts';

let namespace: TestNamespace;
let installation: Installation;
let between: ProxiedTarget;
let runs: WatchedRuns;
let client: APIClient;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['deleg']);
  between = await applyProxiedTarget(namespace, installation);
  runs = await watchRuns(namespace);
  client = adminClient(namespace.cluster);
});

afterAll(async () => {
  await client?.close();
  await runs?.[Symbol.asyncDispose]();
  await between?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await between.heal();
  await namespace.kubectl('delete', 'bsr', '--all', '--wait=false');
  await (await installation.redis.client()).flushall();
});

/** Makes what this stage talks to so slow that a run can be met there. */
async function slowDown(stage: string): Promise<void> {
  const proxy = stage === 'Trust' ? between.s3 : between.redis;
  await proxy.inject({ kind: 'delay', ms: 1_500 });
}

const SCRIPTS = { Observe: 'observe', Lock: 'lock', Apply: 'apply', Record: 'release' } as const;

/** Holds a run in this stage until the proxies are healed: what it asks there is under way for so long. */
async function holdIn(stage: 'Trust' | keyof typeof SCRIPTS): Promise<void> {
  if (stage === 'Trust') {
    await between.s3.inject({ kind: 'blackHole' });
  } else {
    const script = await readFile(`src/redis/scripts/${SCRIPTS[stage]}.lua`, 'utf8');
    const text = script.slice(0, script.indexOf('\n'));
    await between.redis.inject({ kind: 'hold', text, direction: 'toServer' });
  }
}

async function start(name: string, strategy: 'IfNeeded' | 'Always' = 'IfNeeded'): Promise<void> {
  const app = installation.app('deleg');
  await namespace.start(name, { adminName: app.admin, appName: app.app, strategy });
}

/** The end of a run is also the end of its hold on the object. */
async function letGo(name: string): Promise<void> {
  await poll(
    `the finalizer of ${name} to go`,
    async () => (await namespace.run(name)).metadata.finalizers === undefined,
  );
}

/** Milliseconds until the run's lock in Redis ends; -2 when there is none. */
async function lockLeftMs(): Promise<number> {
  const app = installation.app('deleg');
  return (await installation.redis.client()).pttl(`RECOVERY_LOCK_${app.admin}_${app.app}`);
}

/** Redis holds exactly what it should, once; the lock is free. */
async function expectRestored(taskID: string): Promise<void> {
  const app = installation.app('deleg');
  const redis = await installation.redis.client();
  expect(await app.differences(redis, taskID)).toEqual([]);
  expect(await redis.get(`RECOVERY_LOCK_${app.admin}_${app.app}`)).toBeNull();
}

describe('a controller that dies by SIGKILL in the middle of a run', () => {
  test.each(['Trust', 'Observe', 'Lock', 'Apply', 'Record'] as const)(
    'in stage %s: the next one ends the run as Recovered, in the same attempt',
    async (stage) => {
      const name = `killed-in-${stage.toLowerCase()}`;
      await holdIn(stage);
      {
        await using controller = await startController(namespace);
        await start(name);
        await runs.reached(name, stage);
        await controller.process.kill();
      }
      // Deleting a run waits for a controller only where there may be a lock to give back.
      const { finalizers } = (await namespace.run(name)).metadata;
      expect(finalizers).toEqual(stage === 'Trust' || stage === 'Observe' ? undefined : [lockFinalizer]);
      if (stage === 'Apply') {
        // No process can release it, so it must expire.
        expect(await lockLeftMs()).toBeGreaterThan(0);
      }
      await between.redis.heal();
      await between.s3.heal();
      await using _next = await startController(namespace);
      const { run, succeeded } = await namespace.ended(name);
      expect(succeeded).toMatchObject({ status: 'True', reason: 'Recovered' });
      expect(run.status.attempts).toBe(1);
      await expectRestored(run.metadata.uid);
      await letGo(name);
    },
  );

  test.each([
    ['IfNeeded', 'lost in part', 'Recovered'],
    ['Always', 'lost in part', 'Recovered'],
    ['Always', 'not lost', 'AlreadyConsistent'],
  ] as const)(
    'between the write and its record, and its lock expires: with %s the next one says of what was %s: %s',
    async (strategy, loss, reason) => {
      const name = `written-${strategy}-${reason}`.toLowerCase();
      const app = installation.app('deleg');
      const redis = await installation.redis.client();
      await app.restoreTo(redis);
      if (loss === 'lost in part') {
        await redis.del(`TIMESTAMP_EXPIRATION_${app.admin}_${app.app}`);
      }
      await holdIn('Record');
      {
        await using controller = await startController(namespace);
        await start(name, strategy);
        await runs.reached(name, 'Record');
        await controller.process.kill();
      }
      await redis.del(`RECOVERY_LOCK_${app.admin}_${app.app}`);
      expect(await app.differences(redis), 'the write is there').toEqual([]);
      await between.redis.heal();
      await using _next = await startController(namespace);
      const { run, succeeded } = await namespace.ended(name);
      expect(succeeded).toMatchObject({ status: 'True', reason });
      expect(run.status.attempts).toBe(1);
      expect(await app.differences(redis)).toEqual([]);
      await letGo(name);
    },
  );

  test('its lost run can still be cancelled, and the lock goes with it', async () => {
    await holdIn('Apply');
    {
      await using controller = await startController(namespace);
      await start('cancelled-after-crash');
      await runs.reached('cancelled-after-crash', 'Apply');
      await controller.process.kill();
    }
    await namespace.kubectl(
      'patch',
      'bsr',
      'cancelled-after-crash',
      '--type=merge',
      '--patch={"spec":{"cancel":true}}',
    );
    await between.redis.heal();
    await between.s3.heal();
    await using _next = await startController(namespace);
    expect((await namespace.ended('cancelled-after-crash')).succeeded.reason).toBe('Cancelled');
    await letGo('cancelled-after-crash');
    expect(await (await installation.redis.client()).keys('RECOVERY_LOCK_*')).toEqual([]);
  });
});

describe('a run that is ended from outside while it is under way', () => {
  test.each(['Trust', 'Observe', 'Lock'] as const)(
    'cancelled in stage %s: it ends, and nothing is written',
    async (stage) => {
      const name = `cancelled-in-${stage.toLowerCase()}`;
      await slowDown(stage);
      await using _controller = await startController(namespace);
      await start(name);
      await runs.reached(name, stage);
      // Not by kubectl, which may take longer to start than the stage lasts.
      const key = { namespace: namespace.name, name };
      await client.patch(bootstrapRecoveries, key, { type: 'merge', body: { spec: { cancel: true } } });
      const { succeeded } = await namespace.ended(name);
      expect(succeeded).toMatchObject({ status: 'False', reason: 'Cancelled' });
      const redis = await installation.redis.client();
      expect(await redis.keys('BOOTSTRAP_*')).toEqual([]);
      await poll('the lock to go', async () => (await redis.keys('RECOVERY_LOCK_*')).length === 0);
    },
  );

  test.each(['Trust', 'Observe', 'Lock', 'Apply'] as const)(
    'deleted in stage %s: it goes, its lock goes, and Redis holds the old or the new state',
    async (stage) => {
      const name = `deleted-in-${stage.toLowerCase()}`;
      await slowDown(stage);
      await using _controller = await startController(namespace);
      await start(name);
      const { metadata } = await namespace.run(name);
      await runs.reached(name, stage);
      await namespace.kubectl('delete', 'bsr', name, '--timeout=300s');
      const redis = await installation.redis.client();
      await poll('the lock to go', async () => (await redis.keys('RECOVERY_LOCK_*')).length === 0);
      const settings = (await redis.keys('*')).filter((key) => !key.startsWith('task:'));
      if (settings.length > 0) {
        await expectRestored(metadata.uid);
      }
    },
  );

  test.each(['Trust', 'Observe', 'Lock', 'Apply', 'Record'] as const)(
    'SIGTERM in stage %s: the controller reaches a safe point, exits 0, and the next one ends the run',
    async (stage) => {
      const name = `handed-over-in-${stage.toLowerCase()}`;
      await holdIn(stage);
      {
        await using controller = await startController(namespace, {
          args: ['--shutdown-grace=30'],
          leaderElection: true,
        });
        await start(name);
        await runs.reached(name, stage);
        const stopping = controller.process.stop();
        await poll('the shutdown to begin', async () =>
          (await controller.log()).some(({ msg }) => msg === 'shutting down'),
        );
        await between.redis.heal();
        await between.s3.heal();
        expect(await stopping).toEqual({ code: 0, signal: null });
        expect((await controller.log()).at(-1)).toMatchObject({ msg: 'stopped' });
      }
      expect(await lockLeftMs(), 'no lock is left').toBe(-2);
      // Between write and proof there is no safe point: a run that has got that far ends first.
      const undecided = (await namespace.run(name)).status.completionTime === undefined;
      expect(undecided).toBe(stage !== 'Apply' && stage !== 'Record');
      await using _next = await startController(namespace, { leaderElection: true });
      const { run, succeeded } = await namespace.ended(name);
      expect(succeeded.reason).toBe('Recovered');
      expect(run.status.attempts).toBe(1);
      await expectRestored(run.metadata.uid);
    },
  );

  test('SIGTERM when Redis has given the lock and not said so yet: the lock is given back, though no controller follows', async () => {
    await slowDown('Lock');
    {
      await using controller = await startController(namespace, {
        args: ['--shutdown-grace=30'],
        leaderElection: true,
      });
      await start('uninstalled');
      await poll('the lock', async () => (await lockLeftMs()) > 0);
      const stopping = controller.process.stop();
      await poll('the shutdown to begin', async () =>
        (await controller.log()).some(({ msg }) => msg === 'shutting down'),
      );
      await between.redis.heal();
      expect(await stopping).toEqual({ code: 0, signal: null });
    }
    expect(await lockLeftMs()).toBe(-2);
    expect((await namespace.run('uninstalled')).status.completionTime).toBeUndefined();
  });

  test('Redis goes away in the middle and comes back: the run is tried again and recovers', async () => {
    await using _controller = await startController(namespace);
    await between.redis.inject({ kind: 'refuse' });
    await start('redis-away');
    const retrying = await namespace.reason('redis-away', 'Retrying');
    // How many attempts have failed by now depends on the machine. Each has left its error; five are kept.
    const { attempts = 0, lastErrors = [], nextAttemptTime } = retrying.status;
    expect(attempts).toBeGreaterThan(0);
    const failed = Array.from({ length: Math.min(attempts, 5) }, () => 'RedisUnreachable');
    expect(lastErrors.map(({ reason }) => reason)).toEqual(failed);
    expect(nextAttemptTime).toBeDefined();
    await between.redis.heal();
    const { run, succeeded } = await namespace.ended('redis-away');
    expect(succeeded.reason).toBe('Recovered');
    expect(run.status.attempts).toBeGreaterThan(1);
    await expectRestored(run.metadata.uid);
  });
});
