import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import { TerminalError } from '../../src/errors.ts';
import type { ObjectKey } from '../../src/kube/client/object-key.ts';
import { Controller, type ControllerOptions } from '../../src/kube/controller/controller.ts';
import { KeyChannel } from '../../src/kube/controller/key-channel.ts';
import type { ReconcileContext, ReconcileResult } from '../../src/kube/controller/reconcile.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { poll } from '../harness/poll.ts';
import { observed } from './fixtures/observed.ts';
import { running } from './fixtures/running.ts';
import type { Widget } from './fixtures/widget.ts';
import { widgetInformer } from './fixtures/widgetinformer.ts';

const KEY: ObjectKey = { namespace: 'n', name: 'a' };

function startController(
  reconcile: (key: ObjectKey, context: ReconcileContext) => Promise<ReconcileResult | undefined>,
  options: Partial<ControllerOptions> = {},
) {
  const seen = observed();
  const { logger, metrics } = seen;
  const controller = new Controller({
    ...{ name: 'test', reconciler: { reconcile }, logger, metrics, clock: systemClock },
    ...options,
  });
  return { controller, seen };
}

test('a reconcile that fails three times succeeds in the end, without any new event', async () => {
  const clock = new ManualClock();
  const retries: number[] = [];
  const { controller, seen } = startController(
    async (_key, context) => {
      retries.push(context.retries);
      if (retries.length <= 3) {
        throw new Error('not yet');
      }
      return undefined;
    },
    { clock },
  );
  await using _run = running((signal) => controller.run(signal));
  controller.enqueue(KEY);
  await clock.advance(5 + 10 + 20);
  expect(retries).toEqual([0, 1, 2, 3]);
  await clock.advance(3_600_000);
  expect(retries).toHaveLength(4);
  expect(await seen.value('controller_runtime_reconcile_total', { result: 'error' })).toBe(3);
  expect(await seen.value('controller_runtime_reconcile_total', { result: 'success' })).toBe(1);
  expect(await seen.value('controller_runtime_reconcile_errors_total')).toBe(3);
});

test('a key that is sent on a channel is reconciled, also when it is sent before the workers run', async () => {
  const clock = new ManualClock();
  const reconciled: string[] = [];
  const { controller } = startController(
    async ({ name }) => {
      reconciled.push(name);
      return undefined;
    },
    { clock },
  );
  const channel = new KeyChannel();
  controller.receive(channel);
  channel.send({ namespace: 'n', name: 'early' });
  await using _run = running((signal) => controller.run(signal));
  channel.send({ namespace: 'n', name: 'late' });
  await clock.advance(1);
  expect(reconciled).toEqual(['early', 'late']);
});

test('a terminal error is counted and not tried again until its key is queued again', async () => {
  const clock = new ManualClock();
  let runs = 0;
  const { controller, seen } = startController(
    async () => {
      runs += 1;
      throw new TerminalError('InvalidInput', 'the spec is wrong');
    },
    { clock },
  );
  await using _run = running((signal) => controller.run(signal));
  controller.enqueue(KEY);
  await clock.advance(86_400_000);
  expect(runs).toBe(1);
  expect(await seen.value('controller_runtime_terminal_reconcile_errors_total')).toBe(1);
  expect(await seen.value('controller_runtime_reconcile_errors_total')).toBe(1);
  controller.enqueue(KEY);
  await clock.advance(1);
  expect(runs).toBe(2);
});

test('a terminal error forgets the failures before it: the next look is the first again', async () => {
  const clock = new ManualClock();
  const retries: number[] = [];
  const { controller } = startController(
    async (_key, context) => {
      retries.push(context.retries);
      if (retries.length <= 2) {
        throw new Error('for now');
      }
      if (retries.length === 3) {
        throw new TerminalError('InvalidInput', 'the spec is wrong');
      }
    },
    { clock },
  );
  await using _run = running((signal) => controller.run(signal));
  controller.enqueue(KEY);
  await clock.advance(60_000);
  expect(retries).toEqual([0, 1, 2]);
  controller.enqueue(KEY);
  await clock.advance(1);
  expect(retries).toEqual([0, 1, 2, 0]);
});

test('requeueAfter brings a key back, also after longer than a timer can hold, and forgets its failures', async () => {
  const clock = new ManualClock();
  const runsAt: number[] = [];
  const results = [undefined, { requeueAfterMs: 40 * 86_400_000 }, { requeueAfterMs: 0 }];
  const { controller, seen } = startController(
    async () => {
      runsAt.push(clock.monotonic());
      const result = results[runsAt.length - 1];
      if (result === undefined) {
        throw new Error('once');
      }
      return result;
    },
    { clock },
  );
  await using _run = running((signal) => controller.run(signal));
  controller.enqueue(KEY);
  await clock.advance(41 * 86_400_000);
  expect(runsAt).toEqual([0, 5, 5 + 40 * 86_400_000]);
  expect(await seen.value('controller_runtime_reconcile_total', { result: 'requeue_after' })).toBe(1);
});

test('the system clock holds a delay of forty days instead of firing at once', async () => {
  let fired = false;
  const cancel = systemClock.after(40 * 86_400_000, () => {
    fired = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  cancel();
  expect(fired).toBe(false);
});

test('an unintended throw counts as a panic and is tried again: one broken object stops no other', async () => {
  const clock = new ManualClock();
  const done: string[] = [];
  const { controller, seen } = startController(
    async ({ name }, { retries }) => {
      if (name === 'broken' && retries < 2) {
        // A defect, as the compiler would not let it pass.
        return (undefined as unknown as { nothing: () => ReconcileResult }).nothing();
      }
      done.push(name);
      return undefined;
    },
    { clock },
  );
  await using _run = running((signal) => controller.run(signal));
  controller.enqueue({ namespace: 'n', name: 'broken' });
  controller.enqueue({ namespace: 'n', name: 'healthy' });
  await clock.advance(1_000);
  expect(done).toEqual(['healthy', 'broken']);
  expect(await seen.value('controller_runtime_reconcile_panics_total')).toBe(2);
});

test('as many workers as configured, three quarters of them for one namespace, and never two for one key', async () => {
  const active = new Set<string>();
  let most = 0;
  let mostOfOne = 0;
  let runs = 0;
  const { controller, seen } = startController(
    async ({ name }) => {
      expect(active).not.toContain(name);
      active.add(name);
      most = Math.max(most, active.size);
      mostOfOne = Math.max(mostOfOne, [...active].filter((each) => each !== 'other').length);
      await turn();
      await turn();
      active.delete(name);
      runs += 1;
      return undefined;
    },
    { maxConcurrentReconciles: 4 },
  );
  await using run = running((signal) => controller.run(signal));
  for (let round = 0; round < 50; round += 1) {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      controller.enqueue({ namespace: 'n', name });
    }
    controller.enqueue({ namespace: 'm', name: 'other' });
    await turn();
  }
  await poll(
    'the queue to be empty',
    async () => active.size === 0 && (await seen.value('workqueue_depth')) === 0,
  );
  expect(most).toBe(4);
  expect(mostOfOne).toBe(3);
  expect(runs).toBeGreaterThan(6);
  expect(await seen.value('controller_runtime_max_concurrent_reconciles')).toBe(4);
  await run.stop();
  expect(await seen.value('controller_runtime_active_workers')).toBe(0);
});

test('a reconcile that takes too long is aborted; its key waits until it has really ended', async () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const { controller, seen } = startController(
    async (_key, { signal }) => {
      log.push('begin');
      if (log.length > 1) {
        return undefined;
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      log.push(String(signal.reason));
      controller.enqueue(KEY);
      await turn();
      log.push('end');
      throw signal.reason;
    },
    { clock, reconcileTimeoutMs: 1_000 },
  );
  await using _run = running((signal) => controller.run(signal));
  controller.enqueue(KEY);
  await clock.advance(2_000);
  expect(log).toEqual([
    'begin',
    'ReconcileTimeoutError: the reconcile took longer than 1000 ms',
    'end',
    'begin',
  ]);
  expect(await seen.value('controller_runtime_reconcile_timeouts_total')).toBe(1);
  expect(await seen.value('controller_runtime_reconcile_errors_total')).toBe(1);
});

test('an object that points elsewhere now has both reconciled, the old and the new', async () => {
  const { controller, seen } = startController(async () => undefined);
  const pointing = (to: number, resourceVersion: string): Widget => ({
    ...{ apiVersion: 'kube.test/v1', kind: 'Widget', spec: { size: to } },
    metadata: { namespace: 'n', name: 'pointer', uid: 'u', resourceVersion },
  });
  const informer = widgetInformer(
    { list: () => new Promise(() => undefined), watch: async function* () {} },
    seen,
  );
  controller.watch(informer, { map: ({ spec }) => [{ name: `target-${spec.size}` }] });
  informer.store.replace('', [pointing(1, 'a')]);
  informer.store.upsert('', pointing(2, 'b'));
  expect(await seen.value('workqueue_depth')).toBe(2);
});

test('every line a reconcile logs carries controller, namespace, name and one reconcileID per run', async () => {
  const ids: string[] = [];
  const { controller, seen } = startController(async (_key, { logger, reconcileID }) => {
    ids.push(reconcileID);
    logger.info('working');
    return undefined;
  });
  await using _run = running((signal) => controller.run(signal));
  controller.enqueue(KEY);
  await poll('the first run', () => ids.length === 1);
  controller.enqueue(KEY);
  await poll('the second run', () => ids.length === 2);
  const lines = seen.lines.filter(({ msg }) => msg === 'working');
  expect(lines).toMatchObject([
    { controller: 'test', namespace: 'n', name: 'a', reconcileID: ids[0] },
    { controller: 'test', namespace: 'n', name: 'a', reconcileID: ids[1] },
  ]);
  expect(ids[0]).not.toBe(ids[1]);
});

test('stopping waits for the reconcile that runs, starts none of those that wait, and is no error', async () => {
  const log: string[] = [];
  const finish = Promise.withResolvers<void>();
  const { controller, seen } = startController(async ({ name }, { signal }) => {
    log.push(`begin ${name}`);
    await finish.promise;
    log.push(`end ${name}`);
    throw signal.reason;
  });
  const run = running((signal) => controller.run(signal));
  controller.enqueue({ name: 'first' });
  controller.enqueue({ name: 'second' });
  await poll('the first to begin', () => log.length === 1);
  let stopped = false;
  const stopping = run.stop().then(() => {
    stopped = true;
  });
  await turn();
  expect(stopped).toBe(false);
  finish.resolve();
  await stopping;
  expect(log).toEqual(['begin first', 'end first']);
  expect(await seen.value('controller_runtime_reconcile_errors_total')).toBe(0);
  await expect(controller.run(run.signal)).rejects.toThrow('started twice');
});
