import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import type { StateStore } from '../../src/redis/state-store.ts';
import { interrupted } from './fixtures/interrupted.ts';
import { type Site, startSite } from './fixtures/site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site[Symbol.asyncDispose]());

beforeEach(async () => {
  await site.client.flushall();
});

/** What another client does right before the write. */
const beforeWrite = (action: (attempt: number) => Promise<unknown>): StateStore =>
  interrupted(site.anotherStore(), 'apply', action);

describe('two runs at once', () => {
  test('one recovers; the other waits for it and finds nothing left to do', async () => {
    const tasks = [randomUUID(), randomUUID()];
    const outcomes = await Promise.all(
      tasks.map((taskID) => runAttempt(site.request({ taskID, store: site.anotherStore() }))),
    );
    const reasons = outcomes.map(({ succeeded }) => succeeded.reason);
    expect(reasons.toSorted()).toEqual(['AlreadyConsistent', 'Recovered']);
    const winner = tasks[reasons.indexOf('Recovered')];
    expect(await site.app.differences(site.client, winner)).toEqual([]);
    expect(await site.client.exists(site.world.key('RECOVERY_LOCK'))).toBe(0);
  });

  test('eight of them: one recovers, nothing is lost', async () => {
    const tasks = Array.from({ length: 8 }, () => randomUUID());
    const outcomes = await Promise.all(
      tasks.map((taskID) => runAttempt(site.request({ taskID, store: site.anotherStore() }))),
    );
    const reasons = outcomes.map(({ succeeded }) => succeeded.reason);
    expect(reasons.filter((reason) => reason === 'Recovered')).toHaveLength(1);
    expect(reasons.filter((reason) => reason === 'AlreadyConsistent')).toHaveLength(7);
    const [marker] = await site.client.mget(site.world.key('BOOTSTRAP'));
    expect(await site.app.differences(site.client, marker ?? '')).toEqual([]);
  });

  test('of the same task, as after a change of leader: both end well and agree', async () => {
    const taskID = randomUUID();
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => runAttempt(site.request({ taskID, resumed: true, store: site.anotherStore() }))),
    );
    expect(new Set(outcomes.map(({ succeeded }) => succeeded.reason))).toEqual(new Set(['Recovered']));
    expect(await site.app.differences(site.client, taskID)).toEqual([]);
    expect(await site.client.exists(site.world.key('RECOVERY_LOCK'))).toBe(0);
  });
});

describe('another client writes between plan and write', () => {
  test('PUT config changes a setting that was about to be created: theirs is kept', async () => {
    const taskID = randomUUID();
    const key = site.world.key('TARGETS_EXPIRATION');
    const store = beforeWrite(async (attempt) => attempt === 1 && (await site.client.set(key, '33')));
    const outcome = await runAttempt(site.request({ taskID, store }));

    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(outcome.plan?.actions.find((action) => action.key === key)).toMatchObject({
      kind: 'Keep',
      after: '33',
    });
    expect(await site.app.differences(site.client, taskID)).toEqual([expect.stringContaining(key)]);
  });

  test('PUT config changes a survivor: theirs is kept', async () => {
    await site.heal();
    await site.client.del(site.world.key('BOOTSTRAP'));
    const key = site.world.key('SNAPSHOT_EXPIRATION');
    const store = beforeWrite(async (attempt) => attempt === 1 && (await site.client.set(key, '33')));
    expect((await runAttempt(site.request({ store }))).succeeded.reason).toBe('Recovered');
    expect(await site.client.get(key)).toBe('33');
  });

  test('a marker that appears is not overwritten', async () => {
    const theirs = randomUUID();
    const store = beforeWrite(
      async (attempt) => attempt === 1 && (await site.client.set(site.world.key('BOOTSTRAP'), theirs)),
    );
    expect((await runAttempt(site.request({ store }))).succeeded.reason).toBe('Recovered');
    expect(await site.client.get(site.world.key('BOOTSTRAP'))).toBe(theirs);
    expect(await site.app.differences(site.client, theirs)).toEqual([]);
  });

  test('again and again: the run gives up after five new plans, says which key, and writes nothing', async () => {
    const key = site.world.key('TARGETS_EXPIRATION');
    const store = beforeWrite((attempt) => site.client.set(key, String(attempt)));
    const taskID = randomUUID();
    const outcome = await runAttempt(site.request({ taskID, store }));

    expect(outcome.succeeded).toMatchObject({ reason: 'Conflict', message: expect.stringContaining(key) });
    expect((await site.client.keys('*')).sort()).toEqual([key, `task:${taskID}`].sort());
    expect(await site.client.get(key)).toBe('6');
  });

  test('the lock is taken over: nothing is written under it, and the run waits for the new holder', async () => {
    const lock = site.world.key('RECOVERY_LOCK');
    const store = beforeWrite(
      async (attempt) => attempt === 1 && (await site.client.set(lock, 'another-owner', 'PX', 300_000)),
    );
    const taskID = randomUUID();
    const accepted: string[] = [];
    const observer = {
      ...site.request().observer,
      accepted: ({ reason }: { reason: string }) => {
        accepted.push(reason);
        if (reason === 'RecoveryInProgress') {
          void site.client.pexpire(lock, 100);
        }
      },
    };
    const outcome = await runAttempt(site.request({ taskID, store, observer }));
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(accepted).toContain('RecoveryInProgress');
    expect(await site.app.differences(site.client, taskID)).toEqual([]);
  });

  test('the lock runs out: nothing is written without it, and it is taken again', async () => {
    const store = beforeWrite(
      async (attempt) => attempt === 1 && (await site.client.del(site.world.key('RECOVERY_LOCK'))),
    );
    expect((await runAttempt(site.request({ store }))).succeeded.reason).toBe('Recovered');
    expect(await site.client.exists(site.world.key('RECOVERY_LOCK'))).toBe(0);
  });

  test('a ceremony is staged meanwhile: it survives', async () => {
    const key = site.world.key('ROOT_SIGNING');
    const store = beforeWrite(
      async (attempt) => attempt === 1 && (await site.client.set(key, '{"signed":{}}', 'PX', 60_000)),
    );
    expect((await runAttempt(site.request({ store }))).succeeded.reason).toBe('Recovered');
    expect(await site.client.get(key)).toBe('{"signed":{}}');
    expect(await site.client.pttl(key)).toBeGreaterThan(0);
  });

  test('a bootstrap starts meanwhile: the run stops and its lock is free', async () => {
    await site.heal();
    await site.client.del(site.world.key('BOOTSTRAP'));
    const other = randomUUID();
    const record = JSON.stringify({
      state: 'RUNNING',
      result: { last_update: site.request().now.toISOString() },
    });
    const store = beforeWrite(async (attempt) => {
      if (attempt > 1) {
        return;
      }
      await site.client.mset(site.world.key('BOOTSTRAP'), `pre-${other}`, `pre-${other}`, other);
      await site.client.set(`task:${other}`, record, 'EX', 86_400);
    });
    const outcome = await runAttempt(site.request({ store }));
    expect(outcome.succeeded).toMatchObject({
      reason: 'BootstrapInProgress',
      message: expect.stringContaining(other),
    });
    expect(await site.client.exists(site.world.key('RECOVERY_LOCK'))).toBe(0);
  });
});
