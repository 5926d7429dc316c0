import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { ConnectionError } from '../../src/kube/client/connection-error.ts';
import { ShutdownError } from '../../src/kube/controller/reconcile.ts';
import { leaseKnown } from '../../src/kube/health/health-check.ts';
import {
  LeaderElector,
  type LeaderElectorOptions,
  LeadershipLostError,
} from '../../src/kube/leaderelection/leader-elector.ts';
import { LEASES } from '../../src/kube/leaderelection/lease.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { poll } from '../harness/poll.ts';
import { leaseStore } from './fixtures/leasestore.ts';
import { observed } from './fixtures/observed.ts';
import { startCluster, type WidgetCluster, widgetCluster } from './fixtures/widgetcluster.ts';

beforeAll(startCluster);

const MANIFEST = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { namespace: 'n', name: 'lease' },
};

interface Candidate {
  readonly elector: LeaderElector;
  readonly seen: ReturnType<typeof observed>;
  readonly shutdown: AbortController;
  readonly log: string[];
  /** Ends the work of the leader in good order. */
  readonly finish: (error?: Error) => void;
  /** How `run` ended; undefined while it runs. */
  ended(): 'done' | Error | undefined;
}

/** A replica that leads until its signal aborts and `finish` is called. */
function startCandidate(
  identity: string,
  options: Pick<LeaderElectorOptions, 'client' | 'clock'>,
  random = () => 0,
): Candidate {
  const seen = observed();
  const { logger, metrics } = seen;
  const elector = new LeaderElector({
    ...{ namespace: 'n', name: 'lease', identity, logger, metrics, random },
    ...options,
  });
  const log: string[] = [];
  const shutdown = new AbortController();
  const work = Promise.withResolvers<void>();
  let ended: 'done' | Error | undefined;
  elector
    .run(shutdown.signal, async (signal) => {
      log.push('leads');
      signal.addEventListener('abort', () => log.push(`abort: ${signal.reason.name}`));
      await work.promise;
      log.push('stopped');
    })
    .then(
      () => {
        ended = 'done';
      },
      (error: Error) => {
        ended = error;
      },
    );
  const finish = (error?: Error): void => (error ? work.reject(error) : work.resolve());
  return { elector, seen, shutdown, log, finish, ended: () => ended };
}

function startWorld() {
  const clock = new ManualClock();
  const store = leaseStore();
  return {
    clock,
    store,
    candidate: (identity: string) => startCandidate(identity, { client: store.client, clock }),
  };
}

const outage = async (): Promise<never> => {
  throw new ConnectionError('Refused', 'down');
};

test('of two replicas one leads, and both know which', async () => {
  const { clock, candidate } = startWorld();
  const one = candidate('one');
  await turn();
  const two = candidate('two');
  await clock.advance(60_000);
  expect([one.elector.isLeading, two.elector.isLeading]).toEqual([true, false]);
  expect([one.elector.holder, two.elector.holder]).toEqual(['one', 'one']);
  expect(await one.seen.value('leader_election_master_status')).toBe(1);
  expect(await two.seen.value('leader_election_master_status')).toBe(0);
  two.shutdown.abort(new ShutdownError());
  await clock.advance(1);
  expect(two.ended()).toBe('done');
});

test('a leader that died is followed within lease duration and one retry, and the transitions count it', async () => {
  const { clock, store, candidate } = startWorld();
  await store.client.create(LEASES, {
    ...MANIFEST,
    spec: {
      holderIdentity: 'dead',
      leaseDurationSeconds: 15,
      leaseTransitions: 7,
      renewTime: '2026-01-01T00:00:00.000000Z',
    },
  });
  const two = candidate('two');
  await clock.advance(14_999);
  expect(two.elector.isLeading).toBe(false);
  await clock.advance(2_001);
  expect(two.elector.isLeading).toBe(true);
  expect(two.elector.transitions).toBe(8);
  expect(store.spec).toMatchObject({ holderIdentity: 'two', leaseDurationSeconds: 15, leaseTransitions: 8 });
  expect(store.spec?.renewTime).toMatch(/\.\d{6}Z$/);
});

test('whenever a leader dies, another leads within twenty seconds of its last renewal', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      async (offset, jitter) => {
        const clock = new ManualClock();
        const store = leaseStore();
        const renewal = (renewTime: string) => ({
          holderIdentity: 'one',
          leaseDurationSeconds: 15,
          renewTime,
        });
        await store.client.create(LEASES, { ...MANIFEST, spec: renewal('first') });
        const two = startCandidate('two', { client: store.client, clock }, () => jitter);
        await clock.advance(offset);
        const lease = await store.client.get(LEASES, { name: 'lease' });
        await store.client.replace(LEASES, { ...lease, spec: renewal('last') });
        await clock.advance(14_999);
        expect(two.elector.isLeading).toBe(false);
        await clock.advance(5_001);
        expect(two.elector.isLeading).toBe(true);
      },
    ),
    { numRuns: 50 },
  );
});

test('the wall clock of the lease is not believed: only what changes within sight counts', async () => {
  const { clock, store, candidate } = startWorld();
  await store.client.create(LEASES, {
    ...MANIFEST,
    spec: { holderIdentity: 'one', leaseDurationSeconds: 15, renewTime: '1999-01-01T00:00:00.000000Z' },
  });
  const two = candidate('two');
  await clock.advance(10_000);
  expect(two.elector.isLeading).toBe(false);
});

test('a leader that cannot renew tells its work to stop at the renew deadline, five seconds before another replica can lead', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  await clock.advance(4_000);
  store.outage = outage;
  await clock.advance(9_999);
  expect(one.log).toEqual(['leads']);
  await clock.advance(1);
  expect(one.log).toEqual(['leads', 'abort: LeadershipLostError']);
  expect(one.elector.isLeading).toBe(false);
  expect(await one.seen.value('leader_election_master_status')).toBe(0);
  await clock.advance(4_999);
  expect(one.ended()).toBeUndefined();
  await clock.advance(1);
  expect(one.ended()).toBeInstanceOf(LeadershipLostError);
});

test('work that stops at once lets a leader without lease exit at once', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  await turn();
  store.outage = outage;
  one.finish();
  await clock.advance(1);
  expect(one.ended()).toBe('done');
});

test('a call that hangs leaves time for another within the renew deadline', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  await turn();
  let hung = 0;
  store.outage = () => {
    hung += 1;
    store.outage = undefined;
    return new Promise(() => undefined);
  };
  await clock.advance(60_000);
  expect(hung).toBe(1);
  expect(one.log).toEqual(['leads']);
  expect(one.elector.isLeading).toBe(true);
});

test('an answer that comes after the term has ended does not revive it', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  await clock.advance(1_000);
  store.outage = outage;
  await clock.advance(6_500);
  const late = Promise.withResolvers<void>();
  store.outage = () => late.promise;
  await clock.advance(3_000);
  expect(one.log).toEqual(['leads', 'abort: LeadershipLostError']);
  late.resolve();
  await clock.advance(1);
  expect(store.spec?.holderIdentity).toBe('one');
  expect(one.elector.isLeading).toBe(false);
});

test('after a blocked event loop or a suspension the leader knows at its first look at the clock', async () => {
  const { clock, candidate } = startWorld();
  const one = candidate('one');
  await clock.advance(3_000);
  expect(one.elector.isLeading).toBe(true);
  clock.jump(12_000);
  expect(one.elector.isLeading).toBe(false);
  await clock.advance(0);
  expect(one.log).toEqual(['leads', 'abort: LeadershipLostError']);
});

test('a short outage changes nothing', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  await clock.advance(4_000);
  for (let count = 0; count < 5; count += 1) {
    store.outage = outage;
    await clock.advance(7_000);
    store.outage = undefined;
    await clock.advance(7_000);
  }
  expect(one.log).toEqual(['leads']);
  expect(one.elector.transitions).toBe(0);
});

test('on shutdown the lease is renewed until the work has ended, and then given back', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  await clock.advance(1_000);
  one.shutdown.abort(new ShutdownError());
  await clock.advance(30_000);
  expect(one.log).toEqual(['leads', 'abort: ShutdownError']);
  expect(one.elector.isLeading).toBe(true);
  expect(store.spec?.holderIdentity).toBe('one');
  one.finish();
  await clock.advance(1);
  expect(one.ended()).toBe('done');
  expect(store.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
  const two = candidate('two');
  await clock.advance(1);
  expect(two.elector.isLeading).toBe(true);
  expect(two.elector.transitions).toBe(1);
});

test('a standby that sees the lease given back leads at once, and not at its next turn', async () => {
  const { clock, candidate } = startWorld();
  const one = candidate('one');
  await clock.advance(1_000);
  const two = candidate('two');
  await clock.advance(2_500);
  one.shutdown.abort(new ShutdownError());
  one.finish();
  await clock.advance(0);
  expect(one.ended()).toBe('done');
  await clock.advance(1);
  expect(two.elector.isLeading).toBe(true);
});

test('a lease is given back although a renewal cut short by the shutdown arrived at the server', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  await clock.advance(1_000);
  const lease = await store.client.get(LEASES, { name: 'lease' });
  await store.client.replace(LEASES, lease);
  one.shutdown.abort(new ShutdownError());
  one.finish();
  await clock.advance(1);
  expect(one.ended()).toBe('done');
  expect(store.spec?.holderIdentity).toBe('');
});

test('work that ended in failure leaves the lease to expire: some of it may still be running', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  await clock.advance(1_000);
  one.finish(new Error('did not stop in time'));
  await clock.advance(1);
  expect(one.ended()).toEqual(new Error('did not stop in time'));
  expect(store.spec?.holderIdentity).toBe('one');
});

test('renewing takes one call; when another client wrote the lease, the slow path finds out whose it is', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  await clock.advance(2_500);
  expect(store.calls).toEqual(['get', 'create', 'replace']);
  const lease = await store.client.get(LEASES, { name: 'lease' });
  await store.client.replace(LEASES, lease);
  await clock.advance(2_000);
  expect(store.calls.slice(5)).toEqual(['replace', 'get', 'replace']);
  expect(await one.seen.value('leader_election_slowpath_total')).toBe(1);
  expect(one.elector.isLeading).toBe(true);
});

test('a lease that was taken away ends the term at once, and is not taken back', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  await clock.advance(2_500);
  const lease = await store.client.get(LEASES, { name: 'lease' });
  await store.client.replace(LEASES, {
    ...lease,
    spec: { holderIdentity: 'thief', leaseDurationSeconds: 15 },
  });
  await clock.advance(2_000);
  expect(one.log).toEqual(['leads', 'abort: LeadershipLostError']);
  expect(store.spec?.holderIdentity).toBe('thief');
});

test('readiness fails when the lease was neither read nor written for twice its duration', async () => {
  const { clock, store, candidate } = startWorld();
  const one = candidate('one');
  const check = leaseKnown(one.elector);
  expect(check.problem()).toContain('check the permissions on leases');
  await clock.advance(1);
  expect(check.problem()).toBeUndefined();
  const two = candidate('two');
  await clock.advance(5_000);
  expect(leaseKnown(two.elector).problem()).toBeUndefined();
  store.outage = outage;
  await clock.advance(25_000);
  expect(leaseKnown(two.elector).problem()).toBeUndefined();
  await clock.advance(10_000);
  expect(leaseKnown(two.elector).problem()).toContain('check the permissions on leases');
});

test('the real API server accepts the lease, its renewals and its release', async () => {
  await using world = await widgetCluster();
  const { client, namespace, seen } = world;
  const { logger, metrics } = seen;
  const elector = new LeaderElector({
    ...{ client, namespace, name: 'real', identity: 'me', logger, metrics, random: Math.random },
    clock: { now: () => new Date(), monotonic: () => performance.now(), after: realAfter },
    timings: { leaseDurationMs: 30_000, renewDeadlineMs: 20_000, retryPeriodMs: 50 },
  });
  const shutdown = new AbortController();
  let renewals = 0;
  await elector.run(shutdown.signal, async () => {
    const before = await seen.value('rest_client_requests_total', { method: 'PUT', code: '200' });
    while (renewals < 3) {
      renewals = (await seen.value('rest_client_requests_total', { method: 'PUT', code: '200' })) - before;
      await turn();
    }
  });
  expect(
    await world.cluster.kubectl([
      'get',
      'lease',
      'real',
      '-n',
      namespace,
      '-o',
      'jsonpath={.spec.holderIdentity}|{.spec.leaseTransitions}',
    ]),
  ).toBe('|0');
});

/** A lease that never expires within a test: a replica that takes it has not waited for its time to be up. */
const endless = { leaseDurationMs: 3_600_000, renewDeadlineMs: 1_800_000, retryPeriodMs: 50 };

describe('on the real API server, a lease', () => {
  /** A replica that leads until it is shut down. */
  function startReal(
    { client, namespace, seen: { logger, metrics } }: WidgetCluster,
    identity: string,
    options: Pick<LeaderElectorOptions, 'labels' | 'owner' | 'timings'> = {},
  ) {
    const leads = Promise.withResolvers<void>();
    const shutdown = new AbortController();
    const elector = new LeaderElector({
      ...{ client, namespace, name: 'real', identity, logger, metrics, random: Math.random },
      clock: { now: () => new Date(), monotonic: () => performance.now(), after: realAfter },
      timings: endless,
      ...options,
    });
    const ended = elector.run(shutdown.signal, async (signal) => {
      leads.resolve();
      await once(signal, 'abort');
    });
    const stop = async (): Promise<void> => {
      shutdown.abort(new ShutdownError());
      await ended;
    };
    return { elector, leads: leads.promise, stop };
  }

  const leaseOf = ({ client, namespace }: WidgetCluster) => client.get(LEASES, { namespace, name: 'real' });

  test('has the labels of its holder, belongs to its pod, and to no pod once it is given back', async () => {
    await using world = await widgetCluster();
    const person = { apiVersion: 'v1', kind: 'ConfigMap', name: 'mine', uid: 'b7d2' };
    const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', name, uid: `uid-${name}` });
    for (const name of ['one', 'two']) {
      const candidate = startReal(world, name, { owner: pod(name), labels: { elects: name } });
      await candidate.leads;
      // People find the lease by them; what they gave it themselves stays.
      expect((await leaseOf(world)).metadata.labels).toEqual(
        name === 'one' ? { elects: 'one' } : { elects: 'two', mine: 'too' },
      );
      const lease = await leaseOf(world);
      expect(lease.metadata.ownerReferences?.filter(({ kind }) => kind === 'Pod')).toEqual([pod(name)]);
      if (name === 'one') {
        const patch = JSON.stringify({
          metadata: { labels: { mine: 'too' }, ownerReferences: [pod(name), person] },
        });
        await kubectl(world, 'patch', 'lease', 'real', '--type=merge', `--patch=${patch}`);
      }
      await candidate.stop();
      expect((await leaseOf(world)).metadata.ownerReferences).toEqual([person]);
    }
    const without = startReal(world, 'no-pod');
    await without.leads;
    expect((await leaseOf(world)).metadata.ownerReferences).toEqual([person]);
    await without.stop();
  });

  /** Whose next turn is a day away. */
  const patient = { timings: { ...endless, retryPeriodMs: 86_400_000 } };

  test('passes to a patient standby as soon as it is given back', async () => {
    await using world = await widgetCluster();
    const one = startReal(world, 'one');
    await one.leads;
    const two = startReal(world, 'two', patient);
    await poll('the other to see who leads', async () => two.elector.holder === 'one');
    await one.stop();
    await two.leads;
    await two.stop();
  });

  test('goes with that pod, and another replica leads without waiting for it to expire', async () => {
    await using world = await widgetCluster();
    const spec = { holderIdentity: 'gone', leaseDurationSeconds: 3_600 };
    await world.client.create(LEASES, { ...MANIFEST, metadata: metadataIn(world), spec });
    const two = startReal(world, 'two', patient);
    await poll('it to see who holds the lease', async () => two.elector.holder === 'gone');
    expect(two.elector.isLeading).toBe(false);
    await kubectl(world, 'delete', 'lease', 'real');
    await two.leads;
    await two.stop();
  });

  test('is made anew by a leader from which it was taken, and leads on', async () => {
    await using world = await widgetCluster();
    const one = startReal(world, 'one');
    await one.leads;
    const { uid } = (await leaseOf(world)).metadata;
    await kubectl(world, 'delete', 'lease', 'real');
    await poll('the lease to be there again', async () => {
      const lease = await leaseOf(world).catch(() => undefined);
      return lease !== undefined && lease.metadata.uid !== uid && lease.spec?.holderIdentity === 'one';
    });
    expect(one.elector.isLeading).toBe(true);
    await kubectl(world, 'delete', 'lease', 'real');
    await one.stop();
    expect(world.seen.lines.map(({ msg }) => msg)).not.toContain('the lease was not released; it expires');
  });

  const metadataIn = ({ namespace }: WidgetCluster) => ({ namespace, name: 'real' });
  const kubectl = ({ cluster, namespace }: WidgetCluster, ...args: string[]) =>
    cluster.kubectl([...args, '-n', namespace]);
});

function realAfter(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}
