import { expect, test } from 'vitest';
import type { Steps } from '../../src/async/in-turns.ts';
import { EventLoopMonitor } from '../../src/kube/health/event-loop-monitor.ts';
import {
  cachesSynced,
  eventLoopResponsive,
  type HealthCheck,
  watchesAlive,
} from '../../src/kube/health/health-check.ts';
import { HealthServer } from '../../src/kube/health/health-server.ts';
import { poll } from '../harness/poll.ts';
import { observed } from './fixtures/observed.ts';

async function startHealth(
  liveness: HealthCheck[],
  readiness: HealthCheck[],
  series: () => Steps<readonly Uint8Array[]> = noSeries,
) {
  const seen = observed();
  const { registry, logger } = seen;
  const server = new HealthServer({
    ...{ port: 0, host: '127.0.0.1', liveness, readiness },
    ...{ registry, series, logger },
  });
  const port = await server.listen();
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      length: response.headers.get('content-length'),
      body: await response.text(),
    };
  };
  return { seen, get, [Symbol.asyncDispose]: () => server.close() };
}

// biome-ignore lint/correctness/useYield: nothing takes long here
function* noSeries(): Steps<readonly Uint8Array[]> {
  return [];
}

const fine: HealthCheck = { name: 'fine', problem: () => undefined };
const broken: HealthCheck = { name: 'broken', problem: () => 'it is broken; mend it' };

test('a probe is ok, or says which check failed and what to do', async () => {
  await using health = await startHealth([fine], [fine, broken]);
  expect(await health.get('/livez')).toMatchObject({ status: 200, body: 'ok\n' });
  expect(await health.get('/healthz?verbose')).toMatchObject({ status: 200, body: '[+]fine ok\n' });
  expect(await health.get('/readyz')).toMatchObject({
    status: 500,
    body: '[+]fine ok\n[-]broken failed: it is broken; mend it\n',
  });
  expect(await health.get('/readyz/fine')).toMatchObject({ status: 200 });
  expect(await health.get('/readyz/broken')).toMatchObject({ status: 500 });
});

test('metrics are served as Prometheus reads them', async () => {
  await using health = await startHealth([], []);
  health.seen.metrics.reconcileTotal.inc({ controller: 'x', result: 'success' });
  const { status, type, body } = await health.get('/metrics');
  expect({ status, type }).toMatchObject({
    status: 200,
    type: expect.stringContaining('text/plain; version=0.0.4'),
  });
  expect(body).toContain('controller_runtime_reconcile_total{controller="x",result="success"} 1');
});

test('series of a fleet are worked out in turns, once for all scrapes that wait, and end with the text', async () => {
  let collected = 0;
  let turns = 0;
  await using health = await startHealth([fine], [], function* () {
    collected += 1;
    const count = (): void => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    for (let step = 0; step < 64 * 20; step += 1) {
      const until = performance.now() + 0.2;
      while (performance.now() < until) {
        // As if there were many.
      }
      yield;
    }
    clearImmediate(next);
    return [Buffer.from('\nfleet_size 1\n'), Buffer.from('fleet_size{app="a"} 2\n')];
  });
  const scrapes = await Promise.all(Array.from({ length: 5 }, () => health.get('/metrics')));
  for (const { status, type, length, body } of [...scrapes, await health.get('/metrics')]) {
    expect({ status, type }).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
    expect(length).toBe(String(Buffer.byteLength(body)));
    expect(body).toMatch(/\n\nfleet_size 1\nfleet_size\{app="a"\} 2\n$/);
  }
  expect(collected).toBeLessThanOrEqual(scrapes.length);
  expect(turns).toBeGreaterThan(2);
  const head = await health.get('/metrics', { method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, body: '' });
});

test('anything else is not found, and nothing can be changed', async () => {
  await using health = await startHealth([fine], [fine]);
  for (const path of [
    '/',
    '/readyz/unknown',
    '/metrics/x',
    '/livez/fine/x/y',
    '/__proto__',
    '/constructor',
  ]) {
    expect(await health.get(path), path).toMatchObject({ status: 404 });
  }
  expect(await health.get('/livez', { method: 'POST' })).toMatchObject({ status: 405 });
});

test('a check that throws is a failed probe and a line in the log, not the end', async () => {
  const throwing: HealthCheck = {
    name: 'throwing',
    problem: () => {
      throw new Error('defect');
    },
  };
  await using health = await startHealth([throwing], []);
  expect(await health.get('/livez')).toMatchObject({ status: 500 });
  expect(health.seen.lines).toMatchObject([{ msg: 'a probe or scrape failed' }]);
  expect(await health.get('/readyz')).toMatchObject({ status: 200 });
});

const cache = {
  resource: { plural: 'widgets' },
  hasSyncedFor: () => true,
  syncedFor: () => Promise.resolve(),
  namespaces: [],
  synced: Promise.resolve(),
  run: async () => undefined,
};

test('readiness names the caches that are not filled and why', () => {
  const filled = { ...cache, hasSynced: true, failures: [], idleMs: 0 };
  const refused = { ...cache, hasSynced: false, failures: ['403 Forbidden: …'], idleMs: 0 };
  expect(cachesSynced([filled]).problem()).toBeUndefined();
  expect(cachesSynced([filled, refused]).problem()).toBe('not listed yet: widgets (403 Forbidden: …)');
});

test('liveness fails when a watch loop shows no sign of life', () => {
  const at = (idleMs: number) =>
    watchesAlive([{ ...cache, hasSynced: true, failures: [], idleMs }], 900_000).problem();
  expect(at(899_000)).toBeUndefined();
  expect(at(900_001)).toContain('no sign of life for 900000 ms from the watch of widgets');
});

test('liveness fails while the event loop is blocked again and again, and recovers', async () => {
  using monitor = new EventLoopMonitor(300, () => performance.now());
  const check = eventLoopResponsive(monitor, 100);
  expect(check.problem()).toBeUndefined();
  await poll('the blocks to be seen', () => {
    const until = performance.now() + 200;
    while (performance.now() < until) {
      // Blocks.
    }
    return check.problem()?.includes('give the process more CPU');
  });
  await poll('the recovery', () => check.problem() === undefined);
});
