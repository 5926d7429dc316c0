import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import type { RunStage } from '../../src/recovery/observer.ts';
import { runAttempt } from '../../src/recovery/run.ts';
import { type FaultProxy, startFaultProxy } from '../harness/faultproxy.ts';
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

describe('a lock that was asked for and not answered yet', () => {
  const held = async (): Promise<boolean> =>
    (await site.client.exists(site.world.key('RECOVERY_LOCK'))) === 1;

  /** Does something while the lock is on its way; the way of another connection is free. */
  async function interruptLock(
    way: 'toServer' | 'toClient',
    act: (proxy: FaultProxy) => void,
    signal = new AbortController().signal,
  ) {
    await using proxy = await startFaultProxy({ port: site.redis.port });
    proxy.injectNext(1, { kind: 'delay', ms: 1_000, direction: way });
    const behind = site.anotherStore(site.redis.url.replace(String(site.redis.port), String(proxy.port)));
    const store = intercepted(behind, 'lock', async (_, proceed) => {
      const taken = proceed();
      // It may fail before it is waited for.
      taken.catch(() => undefined);
      if (way === 'toClient') {
        await poll('the lock', held);
      } else {
        // Long enough for it to be sent on most machines; where it is not, nothing was asked for.
        await delay(100);
      }
      act(proxy);
      return taken;
    });
    const outcome = await runAttempt(site.request({ store, signal }));
    await behind.close();
    await poll('what is on its way to arrive', () => proxy.traffic.open === 0);
    return outcome;
  }

  describe.each(['toServer', 'toClient'] as const)('what is on its way goes %s', (way) => {
    test.each([
      ['cancel', 'Cancelled', new Error('cancelled')],
      ['shutdown', 'Running', new TransientError('Aborted', 'The controller shuts down.')],
    ] as const)('a %s leaves no lock behind', async (_, reason, abortReason) => {
      const controller = new AbortController();
      const outcome = await interruptLock(way, () => controller.abort(abortReason), controller.signal);
      expect(outcome.succeeded.reason).toBe(reason);
      expect(await held()).toBe(false);
    });
  });

  test('a lost connection leaves no lock behind', async () => {
    const outcome = await interruptLock('toClient', (proxy) => proxy.resetAll());
    expect(outcome.succeeded.reason).toBe('Retrying');
    expect(await held()).toBe(false);
  });
});

describe('the deadline', () => {
  test('for waiting is reported with the holder when it passes', async () => {
    await site.client.set(site.world.key('RECOVERY_LOCK'), 'another-owner');
    const outcome = await runAttempt(site.request({ lockWaitMs: 600 }));
    expect(outcome).toMatchObject({
      succeeded: { reason: 'DeadlineExceeded', message: expect.stringContaining('another-owner') },
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
