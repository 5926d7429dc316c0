import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { type Site, startSite } from './fixtures/site.ts';

let site: Site;
let lock: string;

beforeAll(async () => {
  site = await startSite();
  lock = site.world.key('RECOVERY_LOCK');
});

afterAll(() => site[Symbol.asyncDispose]());

beforeEach(async () => {
  await site.client.flushall();
});

describe('a task that is started again after a crash', () => {
  test('before the write: finds its own lock, enters it and recovers', async () => {
    const taskID = randomUUID();
    await site.client.set(lock, taskID, 'PX', 300_000);
    const outcome = await runAttempt(site.request({ taskID }));
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(await site.app.differences(site.client, taskID)).toEqual([]);
    expect(await site.client.exists(lock)).toBe(0);
  });

  test('after the write: finds its own marker, proves it, and says Recovered', async () => {
    const taskID = randomUUID();
    await runAttempt(site.request({ taskID }));
    await site.client.set(lock, taskID, 'PX', 300_000);
    await site.client.del(`task:${taskID}`);

    const outcome = await runAttempt(site.request({ taskID }));
    expect(outcome).toMatchObject({ succeeded: { reason: 'Recovered' }, state: 'Healthy' });
    expect(await site.client.exists(lock)).toBe(0);
    expect(await site.client.exists(`task:${taskID}`)).toBe(1);
  });

  test('after a write beside a marker that survived: its own lock proves the write, and it says Recovered', async () => {
    await site.heal();
    const taskID = randomUUID();
    await site.client.set(lock, taskID, 'PX', 300_000);
    const outcome = await runAttempt(site.request({ taskID }));
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(await site.client.exists(lock)).toBe(0);
  });

  test.each([
    ['Recovered', { resumed: true }],
    ['AlreadyConsistent', { resumed: false }],
    ['AlreadyConsistent', { resumed: true, strategy: 'Always' }],
  ] as const)(
    'after its record, which alone tells of a write beside a marker that survived: %s with %j',
    async (reason, more) => {
      await site.heal();
      if (!('strategy' in more)) {
        await site.client.del(site.world.key('TIMESTAMP_EXPIRATION'));
      }
      const taskID = randomUUID();
      await runAttempt(site.request({ taskID, ...more }));
      expect(await site.client.exists(`task:${taskID}`)).toBe(1);
      expect((await runAttempt(site.request({ taskID, ...more }))).succeeded.reason).toBe(reason);
      expect(await site.client.exists(lock)).toBe(0);
    },
  );

  test.each([
    ['Recovered', { mayHaveWritten: true }],
    ['Recovered', { mayHaveWritten: true, strategy: 'Always' }],
    ['AlreadyConsistent', { mayHaveWritten: false }],
    ['AlreadyConsistent', { mayHaveWritten: false, strategy: 'Always' }],
  ] as const)(
    'after a write beside a marker that survived, with its lock expired: %s with %j',
    async (reason, more) => {
      await site.heal();
      const taskID = randomUUID();
      const outcome = await runAttempt(site.request({ taskID, resumed: true, ...more }));
      expect(outcome.succeeded.reason).toBe(reason);
      expect(await site.client.exists(lock)).toBe(0);
      expect(await site.client.exists(`task:${taskID}`)).toBe(
        reason === 'Recovered' || 'strategy' in more ? 1 : 0,
      );
    },
  );

  test('of another task: waits until the lock expires, then recovers', async () => {
    await site.client.set(lock, randomUUID(), 'PX', 300_000);
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
    const outcome = await runAttempt(site.request({ taskID, observer }));
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(accepted).toEqual(['RecoveryInProgress', 'RecoveryRequired']);
    expect(await site.app.differences(site.client, taskID)).toEqual([]);
  });
});

test("a marker that the server's own recovery left behind is no obstacle once its lock is gone", async () => {
  await site.heal();
  await site.client.set(site.world.key('BOOTSTRAP'), `RECOVERING_${randomUUID()}`);
  await site.client.set(lock, randomUUID(), 'PX', 700);
  const taskID = randomUUID();
  expect((await runAttempt(site.request({ taskID }))).succeeded.reason).toBe('Recovered');
  expect(await site.client.get(site.world.key('BOOTSTRAP'))).toBe(taskID);
});

test('a marker with the id of a task proves nothing on its own: a client can choose an id that exists', async () => {
  await site.heal();
  const taskID = (await site.client.get(site.world.key('BOOTSTRAP'))) ?? '';
  const outcome = await runAttempt(site.request({ taskID }));
  expect(outcome.succeeded.reason).toBe('AlreadyConsistent');
  const resumed = await runAttempt(site.request({ taskID, resumed: true }));
  expect(resumed.succeeded).toMatchObject({
    reason: 'Recovered',
    message: expect.stringContaining('An earlier attempt of this task wrote what was lost'),
  });
});

test('mode Verify never waits for a lock: it says who holds it and what a recovery would write', async () => {
  await site.heal();
  await site.client.set(lock, 'another-task', 'PX', 300_000);
  const complete = await runAttempt(site.request({ mode: 'Verify' }));
  expect(complete).toMatchObject({ state: 'Locked', succeeded: { reason: 'Verified' } });
  await site.client.del(site.world.key('TARGETS_EXPIRATION'));
  const partial = await runAttempt(site.request({ mode: 'Verify' }));
  expect(partial).toMatchObject({
    state: 'Locked',
    succeeded: { reason: 'DriftDetected', message: expect.stringContaining('another-task holds the lock') },
    accepted: { reason: 'RecoveryInProgress', blockingTask: 'another-task' },
  });
  expect(await site.client.get(lock)).toBe('another-task');
});
