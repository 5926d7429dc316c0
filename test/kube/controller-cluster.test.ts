import { beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import { applyStatus } from '../../src/kube/client/apply-status.ts';
import { Controller } from '../../src/kube/controller/controller.ts';
import type { Reconciler } from '../../src/kube/controller/reconcile.ts';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { liveHeap } from './fixtures/heap.ts';
import { running } from './fixtures/running.ts';
import { testClient } from './fixtures/testclient.ts';
import { WIDGETS, widget } from './fixtures/widget.ts';
import { startCluster, widgetCluster } from './fixtures/widgetcluster.ts';
import { FAST, widgetInformer } from './fixtures/widgetinformer.ts';

beforeAll(startCluster);

test('a handler that throws is counted and logged, and the object is reconciled all the same', async () => {
  await using world = await widgetCluster();
  const { client, namespace, seen } = world;
  const informer = widgetInformer(client, seen, { namespaces: [namespace] });
  informer.store.subscribe(() => {
    throw new TypeError('defect in a handler');
  });
  const reconciled: string[] = [];
  const reconciler: Reconciler = {
    async reconcile({ name }) {
      reconciled.push(name);
    },
  };
  const { logger, metrics } = seen;
  const controller = new Controller({ name: 'test', reconciler, logger, metrics, clock: systemClock }).watch(
    informer,
  );
  await using _run = running((signal) => Promise.all([informer.run(signal), controller.run(signal)]));
  await client.create(WIDGETS, widget(namespace, 'a'));
  await poll('the reconcile', () => reconciled.includes('a'));
  await client.create(WIDGETS, widget(namespace, 'b'));
  await poll('the next reconcile', () => reconciled.includes('b'));
  expect(await seen.value('test_handler_errors_total')).toBe(2);
  expect(await seen.value('test_watch_errors_total')).toBe(0);
  expect(seen.lines.filter(({ msg }) => msg?.includes('an event handler threw'))).toHaveLength(2);
});

test('with a cache that lags five seconds behind its own writes, the work is done once', async () => {
  await using world = await widgetCluster();
  const { client, namespace, seen, cluster } = world;
  await using proxy = await startFaultProxy({ port: world.port });
  await using lagging = testClient(() => cluster.kubeConfig({ server: `https://127.0.0.1:${proxy.port}` }));
  // Late is not silent: the watch must outlive the delay.
  const timings = { ...FAST, idleMs: 120_000 };
  const informer = widgetInformer(lagging.client, lagging.seen, { namespaces: [namespace], timings });
  const { logger, metrics } = seen;
  const owner = { client, fieldManager: 'test', metrics, logger };
  let work = 0;
  let looks = 0;
  const cachedRuns: (number | undefined)[] = [];
  const lagged = Promise.withResolvers<void>();
  const reconciler: Reconciler = {
    async reconcile(key) {
      looks += 1;
      // The first look writes only once the cache lags, or the cache would learn of it at once.
      await lagged.promise;
      cachedRuns.push(informer.store.get(key)?.status?.runs);
      const live = await client.get(WIDGETS, key);
      if (live.status?.runs === undefined) {
        work += 1;
        await applyStatus(owner, WIDGETS, live, { runs: work }, { onlyIfUnchanged: true });
      }
    },
  };
  const controller = new Controller({ name: 'test', reconciler, logger, metrics, clock: systemClock }).watch(
    informer,
  );
  await using _run = running((signal) => Promise.all([informer.run(signal), controller.run(signal)]));
  await informer.synced;
  await client.create(WIDGETS, widget(namespace, 'a'));
  await poll('the first look', () => looks === 1);
  await proxy.inject({ kind: 'delay', ms: 5_000, direction: 'toClient' });
  lagged.resolve();
  for (let count = 2; count <= 6; count += 1) {
    controller.enqueue({ namespace, name: 'a' });
    await poll('another look', () => looks >= count);
  }
  // These looks saw a cache from before the write, or the test shows nothing.
  expect(cachedRuns.filter((runs) => runs === undefined).length).toBeGreaterThan(1);
  await poll('the cache to catch up', () => informer.store.get({ namespace, name: 'a' })?.status?.runs === 1);
  expect(work).toBe(1);
  expect((await client.get(WIDGETS, { namespace, name: 'a' })).status).toEqual({ runs: 1 });
});

test('five thousand changes during one long reconcile cost a queue of keys, not of objects, and all is seen', async () => {
  await using world = await widgetCluster();
  const { client, namespace, seen } = world;
  const informer = widgetInformer(client, seen, { namespaces: [namespace] });
  const release = Promise.withResolvers<void>();
  const last = new Map<string, number>();
  const reconciler: Reconciler = {
    async reconcile(key) {
      await release.promise;
      last.set(key.name, informer.store.get(key)?.spec.size ?? -1);
    },
  };
  const { logger, metrics } = seen;
  const controller = new Controller({ name: 'test', reconciler, logger, metrics, clock: systemClock }).watch(
    informer,
  );
  await using _run = running((signal) => Promise.all([informer.run(signal), controller.run(signal)]));
  await informer.synced;
  const names = Array.from({ length: 500 }, (_, index) => `w-${index}`);
  const payload = 'x'.repeat(1_000);
  await inParallel(names, (name) => client.create(WIDGETS, widget(namespace, name, 0, payload)));
  await poll('the cache to hold them', () => informer.store.size === names.length);
  const heapBefore = liveHeap();
  for (let round = 1; round < 10; round += 1) {
    await inParallel(names, (name) =>
      client.patch(WIDGETS, { namespace, name }, { type: 'merge', body: { spec: { size: round } } }),
    );
  }
  await poll('the cache to be current', () => informer.store.list().every(({ spec }) => spec.size === 9));
  expect(await seen.value('workqueue_depth')).toBeLessThanOrEqual(names.length);
  // 4500 objects of more than 1 kB passed; had they been kept, this would be 5 MB or more.
  expect(liveHeap() - heapBefore).toBeLessThan(4 * 1024 * 1024);
  release.resolve();
  await poll(
    'every object to be reconciled in its last state',
    () => last.size === names.length && [...last.values()].every((size) => size === 9),
  );
});

async function inParallel(names: readonly string[], run: (name: string) => Promise<unknown>): Promise<void> {
  const todo = [...names];
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
        await run(name);
      }
    }),
  );
}
