import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Cache } from '../../src/kube/cache/cache.ts';
import { Controller } from '../../src/kube/controller/controller.ts';
import type { Reconciler } from '../../src/kube/controller/reconcile.ts';
import { Runtime, ShutdownTimeoutError } from '../../src/kube/controller/runtime.ts';
import { LeaderElector, LeadershipLostError } from '../../src/kube/leaderelection/leader-elector.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { leaseStore } from './fixtures/leasestore.ts';
import { observed } from './fixtures/observed.ts';

function startRuntime(reconcile: Reconciler['reconcile'], { elected = false, broken = false } = {}) {
  const clock = new ManualClock();
  const seen = observed();
  const log: string[] = [];
  const { logger, metrics } = seen;
  const cache: Cache = {
    ...{
      resource: { plural: 'widgets' },
      hasSynced: true,
      hasSyncedFor: () => true,
      syncedFor: () => Promise.resolve(),
      namespaces: [],
      synced: Promise.resolve(),
      failures: [],
      idleMs: 0,
    },
    run: async (signal) => {
      log.push('cache up');
      if (broken) {
        throw new TypeError('defect in a cache');
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      log.push('cache down');
    },
  };
  const controller = new Controller({ name: 'test', reconciler: { reconcile }, logger, metrics, clock });
  const store = leaseStore();
  const elector = new LeaderElector({
    ...{
      client: store.client,
      namespace: 'n',
      name: 'lease',
      identity: 'me',
      logger,
      metrics,
      clock,
      random: () => 0,
    },
  });
  const runtime = new Runtime({
    ...{ caches: [cache], controllers: [controller], shutdownGraceMs: 20_000, logger, clock },
    ...(elected && { elector }),
  });
  const shutdown = new AbortController();
  let ended: unknown;
  runtime.run(shutdown.signal).then(
    () => {
      ended = 'done';
    },
    (error: unknown) => {
      ended = error;
    },
  );
  return { clock, log, controller, store, shutdown, ended: () => ended };
}

test('down in order: reconciles end, then the lease is released, then the caches end', async () => {
  const finish = Promise.withResolvers<void>();
  const runtime = startRuntime(
    async (_key, { signal }) => {
      await finish.promise;
      runtime.log.push(`reconcile ends, ${signal.reason.name}, holder ${runtime.store.spec?.holderIdentity}`);
    },
    { elected: true },
  );
  await runtime.clock.advance(1_000);
  runtime.controller.enqueue({ name: 'a' });
  await turn();
  runtime.shutdown.abort();
  await runtime.clock.advance(5_000);
  expect(runtime.ended()).toBeUndefined();
  finish.resolve();
  await runtime.clock.advance(1);
  expect(runtime.ended()).toBe('done');
  expect(runtime.log).toEqual(['cache up', 'reconcile ends, ShutdownError, holder me', 'cache down']);
  expect(runtime.store.spec?.holderIdentity).toBe('');
});

test('a reconcile that never ends is not waited for longer than the grace, and the lease is not given away', async () => {
  const runtime = startRuntime(() => new Promise(() => undefined), { elected: true });
  await runtime.clock.advance(1_000);
  runtime.controller.enqueue({ name: 'a' });
  await turn();
  runtime.shutdown.abort();
  await runtime.clock.advance(19_999);
  expect(runtime.ended()).toBeUndefined();
  await runtime.clock.advance(1);
  expect(runtime.ended()).toBeInstanceOf(ShutdownTimeoutError);
  expect(runtime.store.spec?.holderIdentity).toBe('me');
});

test('lost leadership stops every reconcile and ends the runtime with an error', async () => {
  let reason: unknown;
  const runtime = startRuntime(
    async (_key, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      reason = signal.reason;
      throw signal.reason;
    },
    { elected: true },
  );
  await runtime.clock.advance(1_000);
  runtime.controller.enqueue({ name: 'a' });
  await turn();
  runtime.store.outage = async () => {
    throw new Error('down');
  };
  await runtime.clock.advance(12_000);
  expect(reason).toBeInstanceOf(LeadershipLostError);
  expect(runtime.ended()).toBeInstanceOf(LeadershipLostError);
});

test('caches fill before this replica leads', async () => {
  const runtime = startRuntime(async () => undefined, { elected: true });
  runtime.store.outage = async () => {
    throw new Error('down');
  };
  await runtime.clock.advance(60_000);
  expect(runtime.log).toEqual(['cache up']);
  runtime.shutdown.abort();
  await runtime.clock.advance(1);
  expect(runtime.ended()).toBe('done');
});

test('a defect in a cache ends everything instead of leaving a runtime that sees nothing', async () => {
  const runtime = startRuntime(async () => undefined, { broken: true });
  await runtime.clock.advance(1);
  expect(runtime.ended()).toEqual(new TypeError('defect in a cache'));
});
