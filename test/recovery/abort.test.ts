import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import type { RunStage } from '../../src/recovery/observer.ts';
import { runAttempt } from '../../src/recovery/run.ts';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { observer } from './fixtures/engine.ts';
import { intercepted } from './fixtures/interrupted.ts';
import { type Site, startSite } from './fixtures/site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site[Symbol.asyncDispose]());

beforeEach(async () => {
  await site.client.flushall();
});

const beforeTheWrite: readonly RunStage[] = ['Trust', 'Observe', 'Plan', 'Lock'];
const fromTheWriteOn: readonly RunStage[] = ['Apply', 'Confirm', 'Record'];

/** Runs and aborts at the first sign of a stage. */
async function abortAt(stage: RunStage, reason: unknown) {
  const controller = new AbortController();
  const taskID = randomUUID();
  const watching = observer({
    progress: (progress) => {
      if (progress.stage === stage) {
        controller.abort(reason);
      }
    },
  });
  return {
    taskID,
    outcome: await runAttempt(site.request({ taskID, signal: controller.signal, observer: watching })),
  };
}

describe('cancel', () => {
  test.each(beforeTheWrite)('at %s: nothing was written, the lock is free', async (stage) => {
    const { taskID, outcome } = await abortAt(stage, new Error('cancelled'));
    expect(outcome).toMatchObject({
      succeeded: { reason: 'Cancelled' },
      retry: 'none',
      error: { code: 'Aborted' },
    });
    expect((await site.client.keys('*')).filter((key) => key !== `task:${taskID}`)).toEqual([]);
  });

  test.each(fromTheWriteOn)(
    'at %s is too late: what is written is proven, so the run ends as it would have',
    async (stage) => {
      const { taskID, outcome } = await abortAt(stage, new Error('cancelled'));
      expect(outcome.succeeded.reason).toBe('Recovered');
      expect(await site.app.differences(site.client, taskID)).toEqual([]);
      expect(await site.client.exists(site.world.key('RECOVERY_LOCK'))).toBe(0);
    },
  );

  test('under the lock frees it and leaves a task record that says so', async () => {
    const controller = new AbortController();
    const store = intercepted(site.anotherStore(), 'lock', async (_, proceed) => {
      const taken = await proceed();
      controller.abort(new Error('cancelled'));
      return taken;
    });
    const taskID = randomUUID();
    const outcome = await runAttempt(site.request({ taskID, store, signal: controller.signal }));
    expect(outcome.succeeded.reason).toBe('Cancelled');
    expect(await site.client.keys('*')).toEqual([`task:${taskID}`]);
    expect(JSON.parse((await site.client.get(`task:${taskID}`)) ?? '')).toMatchObject({
      state: 'FAILURE',
      result: { error: expect.stringContaining('cancelled'), status: false },
    });
  });
});

describe('shutdown', () => {
  test.each(beforeTheWrite)(
    'at %s leaves the task undecided, so that it can be started again',
    async (stage) => {
      const { taskID, outcome } = await abortAt(
        stage,
        new TransientError('Aborted', 'The controller shuts down.'),
      );
      expect(outcome).toMatchObject({ succeeded: { reason: 'Running' }, retry: 'wait' });
      expect(await site.client.keys('*')).toEqual([]);
      expect((await runAttempt(site.request({ taskID }))).succeeded.reason).toBe('Recovered');
    },
  );
});

/** Redis has given the lock, but the attempt has not been told so when it stops. */
describe('a lock whose reply is on its way', () => {
  test.each([
    ['cancel', 'Cancelled', new Error('cancelled')],
    ['shutdown', 'Running', new TransientError('Aborted', 'The controller shuts down.')],
  ] as const)('is given back after a %s', async (_, reason, abortReason) => {
    const controller = new AbortController();
    const outcome = await runUntilLocked(async () => controller.abort(abortReason), controller.signal);
    expect(outcome.succeeded.reason).toBe(reason);
    expect(await site.client.exists(site.world.key('RECOVERY_LOCK'))).toBe(0);
  });

  test('is given back when the reply is lost', async () => {
    const outcome = await runUntilLocked(async (proxy) => proxy.resetAll());
    expect(outcome.succeeded.reason).toBe('Retrying');
    expect(await site.client.exists(site.world.key('RECOVERY_LOCK'))).toBe(0);
  });
});

/** Runs an attempt and does something as soon as Redis has given the lock; the reply is held back. */
async function runUntilLocked(
  act: (proxy: Awaited<ReturnType<typeof startFaultProxy>>) => Promise<void>,
  signal = new AbortController().signal,
) {
  await using proxy = await startFaultProxy({ port: site.redis.port });
  const direct = site.redis.url;
  const behind = site.anotherStore(direct.replace(String(site.redis.port), String(proxy.port)));
  const store = intercepted(behind, 'lock', async (_, proceed) => {
    await proxy.inject({ kind: 'blackHole', direction: 'toClient' });
    const taken = proceed();
    // It fails while nobody waits for it yet.
    taken.catch(() => undefined);
    await poll('the lock', async () => (await site.client.exists(site.world.key('RECOVERY_LOCK'))) === 1);
    await act(proxy);
    await proxy.heal();
    return taken;
  });
  return await runAttempt(site.request({ store, signal }));
}

describe('the deadline', () => {
  test('for waiting is told with the holder when it passes', async () => {
    await site.client.set(site.world.key('RECOVERY_LOCK'), 'somebody');
    const outcome = await runAttempt(site.request({ lockWaitMs: 600 }));
    expect(outcome).toMatchObject({
      succeeded: { reason: 'DeadlineExceeded', message: expect.stringContaining('somebody') },
      accepted: { reason: 'RecoveryInProgress' },
      state: 'Locked',
      retry: 'none',
    });
    expect(await site.client.keys('*')).toEqual([site.world.key('RECOVERY_LOCK')]);
  });

  test('that has passed already lets nothing begin', async () => {
    const outcome = await runAttempt(site.request({ deadline: new Date(0) }));
    expect(outcome.succeeded.reason).toBe('DeadlineExceeded');
    expect(await site.client.keys('*')).toEqual([]);
  });
});

test('a bug of an observer is no outcome: it is thrown', async () => {
  const broken = observer({
    planned: () => {
      throw new RangeError('a bug');
    },
  });
  await expect(runAttempt(site.request({ observer: broken }))).rejects.toThrow(RangeError);
});
