import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import { Controller } from '../../src/kube/controller/controller.ts';
import type { Reconciler } from '../../src/kube/controller/reconcile.ts';
import { Runtime } from '../../src/kube/controller/runtime.ts';
import { LeaderElector, LeadershipLostError } from '../../src/kube/leaderelection/leader-elector.ts';
import { poll } from '../harness/poll.ts';
import { leaseStore } from './fixtures/leasestore.ts';
import { observed } from './fixtures/observed.ts';
import { running } from './fixtures/running.ts';

const TIMINGS = { leaseDurationMs: 6_000, renewDeadlineMs: 4_000, retryPeriodMs: 200 };

function startLeader(reconciler: Reconciler) {
  const { logger, metrics } = observed();
  const clock = systemClock;
  const store = leaseStore();
  const elector = new LeaderElector({
    ...{ client: store.client, namespace: 'n', name: 'lease', identity: 'me', logger, metrics, clock },
    ...{ random: Math.random, timings: TIMINGS },
  });
  const controller = new Controller({ name: 'test', reconciler, logger, metrics, clock });
  const runtime = new Runtime({
    ...{ caches: [], controllers: [controller], elector, shutdownGraceMs: 20_000, logger, clock },
  });
  return { elector, controller, store, runtime };
}

test('fifty megabytes parsed and hashed beside the event loop cost neither its pace nor the lease', async () => {
  const entries = Array.from({ length: 500_000 }, (_, index) => [
    `target-${index}`,
    { length: index, hash: 'f'.repeat(64) },
  ]);
  const bytes = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  expect(bytes.length).toBeGreaterThan(50_000_000);
  entries.length = 0;
  let result: unknown;
  const { elector, controller, runtime } = startLeader({
    async reconcile() {
      const worker = new Worker(new URL('./fixtures/hash.program.ts', import.meta.url));
      worker.postMessage(bytes, [bytes.buffer]);
      result = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      await worker.terminate();
    },
  });
  await using _run = running((signal) => runtime.run(signal));
  await poll('the lease', () => elector.isLeading);
  controller.enqueue({ name: 'large' });
  let turns = 0;
  const counting = setInterval(() => {
    turns += 1;
  }, 10);
  await poll('the result', () => result !== undefined);
  clearInterval(counting);
  expect(result).toMatchObject({ entries: 500_000 });
  expect(turns, 'turns of the event loop meanwhile').toBeGreaterThan(2);
  expect(elector.isLeading).toBe(true);
  expect(elector.transitions).toBe(0);
});

test('a leader that blocks the event loop past the renew deadline has lost the lead when the block ends', async () => {
  let reason: unknown;
  let leadingAfterBlock: boolean | undefined;
  const { elector, controller, runtime } = startLeader({
    async reconcile(_key, { signal }) {
      const until = performance.now() + TIMINGS.renewDeadlineMs + 500;
      while (performance.now() < until) {
        // Blocks.
      }
      leadingAfterBlock = elector.isLeading;
      await poll('the abort', () => signal.aborted);
      reason = signal.reason;
    },
  });
  const run = running((signal) => runtime.run(signal));
  await poll('the lease', () => elector.isLeading);
  controller.enqueue({ name: 'blocking' });
  await poll('the end', () => reason !== undefined);
  expect(leadingAfterBlock).toBe(false);
  expect(reason).toBeInstanceOf(LeadershipLostError);
  await expect(run.stop()).rejects.toBeInstanceOf(LeadershipLostError);
});
