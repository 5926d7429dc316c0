/**
 * Apps of several targets under a policy, on a real API server, Redis and S3: how soon a loss of everything
 * is known and repaired, and what a fleet costs while nothing happens. Prints what the API server takes alone
 * beside it. Exits with 1 when an app did not come back.
 * `node bench/guard.ts [apps] [targets] [idle seconds]`
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Registry } from 'prom-client';
import type { BootstrapState } from '../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../src/api/condition.ts';
import { apiVersion, bootstrapStates } from '../src/api/resources.ts';
import { systemClock } from '../src/async/clock.ts';
import { Informer } from '../src/kube/cache/informer.ts';
import { APIClient } from '../src/kube/client/api-client.ts';
import { RuntimeMetrics } from '../src/kube/metrics/runtime-metrics.ts';
import { startController } from '../test/controllers/support/controller-process.ts';
import { eachOf } from '../test/controllers/support/crowd.ts';
import { secret, startInstallation } from '../test/controllers/support/installation.ts';
import { testNamespace } from '../test/controllers/support/namespace.ts';
import { startAPIServer } from '../test/harness/apiserver.ts';
import { poll } from '../test/harness/poll.ts';
import { type RedisServer, startRedis } from '../test/harness/redis.ts';
import { observed } from '../test/kube/fixtures/observed.ts';
import { inAYear, Repository } from '../test/tuf/generator/repository.ts';
import { expectOutcomes } from './outcomes.ts';

const count = Number(process.argv[2] ?? 100);
const targets = Number(process.argv[3] ?? Math.min(10, count));
const idleSeconds = Number(process.argv[4] ?? 60);
const stabilizationSeconds = 10;
const admin = 'fleet';
const referenceWrites = 1_000;
const timeoutMs = 1_800_000;

await using server = await startAPIServer();
const client = new APIClient({
  loadConfig: () => server.kubeConfig(),
  userAgent: 'bench',
  metrics: new RuntimeMetrics({ registry: new Registry(), prefix: 'bench' }),
});
const namespace = await testNamespace(server, 'bench');
await using installation = await startInstallation([]);
const servers = await Promise.all(Array.from({ length: targets }, () => startRedis()));
await putFleet();
await namespace.apply(...installation.secrets, secret('none', { password: 'none' }));
await namespace.apply(...servers.map((redis, at) => target(redis, at)));
await using controller = await startController(namespace, { args: ['--max-concurrent-runs=16'] });

const informer = new Informer<BootstrapState>({
  client,
  resource: bootstrapStates,
  namespaces: [namespace.name],
  logger: observed().logger,
  metrics: observed().metrics,
  clock: systemClock,
  random: Math.random,
});
const stop = new AbortController();
const watching = informer.run(stop.signal);
await informer.synced;

const started = performance.now();
await namespace.apply(
  ...servers.map((_, at) => ({
    apiVersion,
    kind: 'RecoveryPolicy',
    metadata: { name: `guard-${at}` },
    spec: { targetRef: { name: `target-${at}` }, discover: true, action: 'Recover', stabilizationSeconds },
  })),
);
await poll('every app to be healthy', () => states().filter((state) => is(state, 'True')).length === count, {
  timeoutMs,
  intervalMs: 200,
});
const verifiedMs = performance.now() - started;
console.log(
  `${count} apps, ${targets} targets: all verified after ${seconds(verifiedMs)} (${(verifiedMs / count).toFixed(1)} ms each)`,
);

await reportIdle();
await reportLoss();
stop.abort();
await watching;
await client.close();
await Promise.all(servers.map((redis) => redis.stop()));

/** What nothing happening costs. */
async function reportIdle(): Promise<void> {
  await delay(5_000);
  const before = await counters();
  await delay(idleSeconds * 1000);
  const after = await counters();
  const perAppHour = (name: keyof typeof after): string =>
    ((((after[name] - before[name]) / idleSeconds) * 3_600) / count).toFixed(2);
  console.log(`idle for ${idleSeconds} s, an hour's full verification not among it:`);
  console.log(
    `  CPU ${(((after.cpu - before.cpu) / idleSeconds) * 100).toFixed(1)} % of a core, RSS ${(await rssMiB()).toFixed(0)} MiB`,
  );
  console.log(
    `  per app and hour: ${perAppHour('s3')} S3 requests, ${perAppHour('redis')} Redis commands, ${perAppHour('writes')} API writes`,
  );
}

/** FLUSHALL of every Redis at once. */
async function reportLoss(): Promise<void> {
  const known = new Map<string, number>();
  const recovered = new Map<string, number>();
  const before = await counters();
  const begin = performance.now();
  informer.store.subscribe(({ object }) => {
    const { name } = object.metadata;
    if (is(object, 'False') && !known.has(name)) {
      known.set(name, performance.now() - begin);
    }
    const ended = object.status.recoveries?.[0]?.state === 'Succeeded';
    if (known.has(name) && is(object, 'True') && ended && !recovered.has(name)) {
      recovered.set(name, performance.now() - begin);
    }
  });
  await Promise.all(servers.map(async (redis) => (await redis.client()).flushall()));
  await poll('every app to be back', () => recovered.size === count, { timeoutMs, intervalMs: 50 });
  const after = await counters();
  const failed = states().filter(
    ({ status }) => status.recoveries?.length !== 1 || status.recoveries[0]?.state !== 'Succeeded',
  );
  expectOutcomes(
    failed.map(({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status.recoveries)}`),
  );
  const writes = after.writes - before.writes;
  const reference = await writesPerSecond();
  const bound = writes / reference + stabilizationSeconds;
  console.log(`FLUSHALL of ${targets} Redis:`);
  console.log(
    `  known      p50 ${percentile(known, 0.5)}, p99 ${percentile(known, 0.99)}, all ${percentile(known, 1)}`,
  );
  console.log(
    `  Recovered  p50 ${percentile(recovered, 0.5)}, p99 ${percentile(recovered, 0.99)}, all ${percentile(recovered, 1)} (${stabilizationSeconds} s of it stabilization)`,
  );
  console.log(
    `  ${writes} API writes, ${(writes / count).toFixed(1)} per app; the API server alone takes ${reference.toFixed(0)}/s, so its bound is ${bound.toFixed(1)} s: ${((Math.max(...recovered.values()) / 1000 / bound) * 100).toFixed(0)} % of it`,
  );
}

function states(): readonly BootstrapState[] {
  return informer.store.list();
}

function is({ status }: BootstrapState, wanted: string): boolean {
  return findCondition(status.conditions, 'Healthy')?.status === wanted;
}

/** Signed once: metadata does not name the app it is for. Lifetimes are those that recoveries infer. */
async function putFleet(): Promise<void> {
  const files = new Repository({ seed: 'fleet', expires: inAYear(new Date()) }).seal();
  const apps = Array.from({ length: count }, (_, at) => at);
  await eachOf(apps, 16, async (at) => {
    await installation.s3.put(
      installation.bucket,
      [...files].map(([name, body]) => ({ key: `fleet-${at % targets}/${admin}/app-${at}/${name}`, body })),
    );
  });
  const values: readonly (readonly [string, string])[] = [
    ['BOOTSTRAP', 'some-task'],
    ['ROOT_SIGNING', ''],
    ['TARGETS_ONLINE_KEY', '1'],
    ...['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'].flatMap((role) => [
      [`${role}_EXPIRATION`, '365'] as const,
      [`${role}_THRESHOLD`, '1'] as const,
      [`${role}_NUM_KEYS`, '1'] as const,
    ]),
  ];
  for (const at of apps) {
    const redis = await servers[at % targets]?.client();
    await redis?.mset(...values.flatMap(([name, value]) => [`${name}_${admin}_app-${at}`, value]));
  }
}

function target(redis: RedisServer, at: number): object {
  const { spec } = installation.target(`target-${at}`, {
    redis: { address: `${redis.host}:${redis.port}` },
    trust: { onFirstUse: true },
  });
  return {
    apiVersion,
    kind: 'RecoveryTarget',
    metadata: { name: `target-${at}` },
    spec: { ...spec, storage: { ...spec.storage, prefix: `fleet-${at}` } },
  };
}

async function counters() {
  const text = await controller.metrics();
  const commands = await Promise.all(
    servers.map(async (redis) => {
      const info = await (await redis.client()).info('stats');
      return Number(/total_commands_processed:(\d+)/.exec(info)?.[1] ?? 0);
    }),
  );
  return {
    cpu: sum(text, /^process_cpu_seconds_total /),
    s3: sum(text, /^bootstrap_recovery_storage_requests_total\{/),
    // Events among them; renewals of the lease are PUT.
    writes: sum(text, /^rest_client_requests_total\{.*method="(PATCH|POST|DELETE)"/),
    redis: commands.reduce((total, each) => total + each, 0),
  };
}

function sum(text: string, series: RegExp): number {
  const lines = text.split('\n').filter((line) => series.test(line));
  return lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}

async function rssMiB(): Promise<number> {
  const status = await readFile(`/proc/${controller.process.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

/** How fast the API server takes writes of the same kind, with no other client at work. */
async function writesPerSecond(): Promise<number> {
  const reference = await server.createNamespace('reference');
  const names = Array.from({ length: 16 }, (_, at) => `reference-${at}`);
  for (const name of names) {
    const spec = { targetRef: { name: 'none' }, adminName: 'none', appName: name };
    const metadata = { name, namespace: reference };
    await client.create(bootstrapStates, { apiVersion, kind: 'BootstrapState', metadata, spec });
  }
  const begin = performance.now();
  await eachOf(names, names.length, async (name) => {
    for (let losses = 1; losses <= referenceWrites / names.length; losses += 1) {
      await client.apply(
        bootstrapStates,
        { metadata: { name, namespace: reference }, status: { consecutiveLosses: losses } },
        { fieldManager: 'bench', force: true, subresource: 'status' },
      );
    }
  });
  return referenceWrites / ((performance.now() - begin) / 1000);
}

function percentile(times: ReadonlyMap<string, number>, share: number): string {
  const sorted = [...times.values()].sort((a, b) => a - b);
  return seconds(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
