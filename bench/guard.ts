/**
 * Apps of several targets under a policy, on a real API server, Redis and S3: how soon a loss of everything
 * is known and repaired, and what a fleet costs while nothing happens. The controller is the program of the
 * image. Prints the goal beside each figure, and what the API server takes alone. Exits with 1 when an app
 * did not come back, or by another end of its recovery than success. With `GUARD_LOSS=no` nothing is lost.
 * CONTROLLER_NODE is what it is for bench/controller.ts.
 * `node bench/guard.ts [apps] [targets] [idle seconds]`
 */
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
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
import { shippedProgram } from '../test/harness/shipped-program.ts';
import { temporaryDirectory } from '../test/harness/temporary-directory.ts';
import { observed } from '../test/kube/fixtures/observed.ts';
import { inAYear, Repository } from '../test/tuf/generator/repository.ts';
import { expectOutcomes } from './outcomes.ts';
import { quantile } from './quantile.ts';

const count = Number(process.argv[2] ?? 100);
const targets = Number(process.argv[3] ?? Math.min(10, count));
const idleSeconds = Number(process.argv[4] ?? 60);
const stabilizationSeconds = 10;
const admin = 'fleet';
const referenceWrites = 1_000;
/** Apps whose full verification is measured. */
const verifiedAgain = 1_000;
/** An idle controller collects garbage within two looks at its heap, ten seconds apart. */
const settleMs = 25_000;
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
await using bundle = await temporaryDirectory('bench');
const shipped = await shippedProgram(bundle.path, process.env['CONTROLLER_NODE'] ?? process.execPath);
await using controller = await startController(namespace, { ...shipped, args: ['--max-concurrent-runs=16'] });
// It ends when the machine is too busy to renew its lease in time: nothing more is to be waited for then.
const ended = new AbortController();
void controller.process.exited.then(async () => {
  const last = (await controller.log()).at(-1);
  ended.abort(new Error(`The controller ended: ${JSON.stringify(last)}`));
});
const waiting = { timeoutMs, signal: ended.signal };

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

const empty = await counters();
const started = performance.now();
await guard('first');
await poll('every app to be healthy', () => states().filter((state) => is(state, 'True')).length === count, {
  ...waiting,
  intervalMs: 200,
});
const verifiedMs = performance.now() - started;
const first = await counters();
console.log(
  `${count} apps, ${targets} targets, load ${load()}: all verified ${seconds(verifiedMs)} after the policies were created`,
);
line('API writes of a new app', perApp(first.writes - empty.writes));
line('CPU of a new app', `${(((first.cpu - empty.cpu) / count) * 1000).toFixed(1)} ms`);
line('resident then', await resident(first));

await reportIdle();
if (process.env['GUARD_LOSS'] !== 'no') {
  await reportLoss();
}
stop.abort();
await watching;
await client.close();
await Promise.all(servers.map((redis) => redis.stop()));

/** A policy for each of the first so many targets; another trigger has every app of them verified anew. */
async function guard(trigger: string, guarded = targets): Promise<void> {
  const spec = { discover: true, action: 'Recover', stabilizationSeconds, trigger };
  await namespace.apply(
    ...servers.slice(0, guarded).map((_, at) => ({
      apiVersion,
      kind: 'RecoveryPolicy',
      metadata: { name: `guard-${at}` },
      spec: { ...spec, targetRef: { name: `target-${at}` } },
    })),
  );
}

/** What an hour costs in which nothing happens: the time between full verifications, and one of them. */
async function reportIdle(): Promise<void> {
  const revisions = new Map(states().map(({ metadata, status }) => [metadata.name, status.policyRevision]));
  // Of a large fleet some targets are enough to tell what one app costs.
  const again = Math.ceil(Math.min(count, verifiedAgain) / (count / targets));
  const isAgain = ({ spec }: BootstrapState): boolean =>
    Number(spec.targetRef.name.slice('target-'.length)) < again;
  const sample = states().filter(isAgain).length;
  const before = await counters();
  const begin = performance.now();
  await guard('again', again);
  await poll(
    'every app to be verified anew',
    () =>
      states().every(
        (state) => !isAgain(state) || state.status.policyRevision !== revisions.get(state.metadata.name),
      ),
    { ...waiting, intervalMs: 200 },
  );
  // What they leave behind is collected in this time, and counts as theirs.
  await delay(settleMs);
  const after = await counters();
  const againSeconds = (performance.now() - begin) / 1000;
  await delay(idleSeconds * 1000);
  const end = await counters();
  const perSecond = (name: keyof typeof end): number => (end[name] - after[name]) / idleSeconds;
  const perAppHour = (name: keyof typeof end): number => (perSecond(name) / count) * 3_600;
  // Without what the whole fleet cost meanwhile.
  const perVerification = (name: keyof typeof end): number =>
    (after[name] - before[name] - perSecond(name) * againSeconds) / sample;
  const verification = {
    cpu: perVerification('cpu'),
    s3: perVerification('s3'),
    writes: perVerification('writes'),
  };
  const cpu = perSecond('cpu') + (verification.cpu * count) / 3_600;
  console.log(
    `idle for ${idleSeconds} s, load ${load()}; an hour has one full verification of each app besides:`,
  );
  line(
    `a full verification, of ${sample}`,
    `${(verification.cpu * 1000).toFixed(1)} ms of CPU, ${verification.s3.toFixed(1)} S3 requests`,
  );
  line(
    'CPU',
    `${(cpu * 100).toFixed(1)} % of a core, ${(perSecond('cpu') * 100).toFixed(1)} % of it between verifications`,
    '≤ 10 % with 10,000 apps',
  );
  line('resident', await resident(end), '≤ 400 MiB with 10,000 apps');
  line('S3 requests per app and hour', (perAppHour('s3') + verification.s3).toFixed(2), '≤ 13');
  line(
    'API writes per app and hour',
    `${(perAppHour('writes') + verification.writes).toFixed(2)}, ${perAppHour('writes').toFixed(2)} of them between verifications`,
    '≤ 1.2',
  );
  line('Redis commands per app and hour', perAppHour('redis').toFixed(2));
}

/** FLUSHALL of every Redis at once. */
async function reportLoss(): Promise<void> {
  const known = new Map<string, number>();
  const recovered = new Map<string, number>();
  const endedOtherwise = new Set<string>();
  const before = await counters();
  const begin = performance.now();
  informer.store.subscribe(({ object }) => {
    const { name } = object.metadata;
    if (is(object, 'False') && !known.has(name)) {
      known.set(name, performance.now() - begin);
    }
    const recovery = object.status.recoveries?.[0]?.state;
    if (known.has(name) && is(object, 'True') && recovery === 'Succeeded' && !recovered.has(name)) {
      recovered.set(name, performance.now() - begin);
    }
    if (recovery === 'Failed' || recovery === 'NotNeeded' || recovery === 'Deleted') {
      endedOtherwise.add(name);
    }
  });
  await Promise.all(servers.map(async (redis) => (await redis.client()).flushall()));
  await poll('every app to be back', () => endedOtherwise.size > 0 || recovered.size === count, {
    ...waiting,
    intervalMs: 50,
    lastSeen: () => states().filter(({ metadata }) => !recovered.has(metadata.name))[0],
  });
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
  const last = Math.max(...recovered.values()) / 1000;
  console.log(`FLUSHALL of ${targets} Redis, load ${load()}:`);
  line('known', distribution(known), count === 1 ? '≤ 0.5 s' : '≤ 5 s with 1,000 apps');
  line('bound by the API server, a write each', seconds((count / reference) * 1000));
  line(
    `Recovered, after ${stabilizationSeconds} s of stabilization`,
    distribution(recovered),
    count === 1 ? `≤ ${stabilizationSeconds + 1} s` : '≤ 150 % of the bound',
  );
  line('CPU of the controller per app', `${(((after.cpu - before.cpu) / count) * 1000).toFixed(1)} ms`);
  line('API writes', `${writes}, ${perApp(writes)} per app`);
  line('the API server alone', `${reference.toFixed(0)} writes/s`);
  line('bound by it', `${bound.toFixed(1)} s; the last app took ${((last / bound) * 100).toFixed(0)} %`);
  line('resident then', await resident(after));
}

function line(what: string, measured: string, goal?: string): void {
  console.log(`  ${what.padEnd(42)} ${measured}${goal === undefined ? '' : ` (goal ${goal})`}`);
}

/** Processes that wanted a CPU in the last minute: whatever else the machine does shows in every figure. */
function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

function perApp(sum: number): string {
  return (sum / count).toFixed(1);
}

/** What the process has resident, and what of it is known: the rest is V8's code, threads and malloc. */
async function resident({
  heap,
  heapTotal,
  external,
}: Awaited<ReturnType<typeof counters>>): Promise<string> {
  const status = await readFile(`/proc/${controller.process.pid}/status`, 'utf8');
  const now = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  const most = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  return `${mib(now)} MiB (${mib(most)} at most), of which heap ${mib(heapTotal)}, ${mib(heap)} of it in use, and buffers ${mib(external)}`;
}

function distribution(times: ReadonlyMap<string, number>): string {
  return `p50 ${percentile(times, 0.5)}, p99 ${percentile(times, 0.99)}, all ${percentile(times, 1)}`;
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
  const prefix = (at: number): string => `fleet-${at % targets}/${admin}/app-${at}/`;
  await installation.s3.put(
    installation.bucket,
    [...files].map(([name, body]) => ({ key: `${prefix(0)}${name}`, body })),
  );
  await installation.s3.putCopies(installation.bucket, prefix(0), apps.slice(1).map(prefix));
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
  await Promise.all(
    servers.map(async (redis, position) => {
      const commands = await redis.client();
      for (const at of apps.filter((app) => app % targets === position)) {
        await commands.mset(...values.flatMap(([name, value]) => [`${name}_${admin}_app-${at}`, value]));
      }
    }),
  );
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
    heap: sum(text, /^nodejs_heap_size_used_bytes /),
    heapTotal: sum(text, /^nodejs_heap_size_total_bytes /),
    external: sum(text, /^nodejs_external_memory_bytes /),
  };
}

function sum(text: string, series: RegExp): number {
  const lines = text.split('\n').filter((line) => series.test(line));
  return lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
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
  return seconds(quantile(sorted, share));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
