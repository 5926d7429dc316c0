/**
 * Runs against a real API server, Redis and S3 server, with a controller in a process of its own, as the
 * image runs it: one small app that has lost everything, again and again with nothing else to do, and then
 * many runs at once. Prints how long a run took from its creation to its end, runs per second beside the
 * rate at which the same API server takes status writes from a client alone, what the controller sent, whose
 * the CPU time was, and its memory. Exits with 1, and with what the run says, as soon as one does not end
 * right, and after the figures when one is below its goal. `node bench/controller.ts [runs] [apps]`; with as
 * many apps as runs each run recovers one.
 *
 * CONTROLLER_NODE names another Node.js for the controller, for instance a script that enters a cgroup and
 * becomes one.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Registry } from 'prom-client';
import { apiVersion, bootstrapRecoveries } from '../src/api/resources.ts';
import { APIClient } from '../src/kube/client/api-client.ts';
import { RuntimeMetrics } from '../src/kube/metrics/runtime-metrics.ts';
import { type ControllerProcess, startController } from '../test/controllers/support/controller-process.ts';
import {
  type CrowdResult,
  eachOf,
  overlaps,
  putCrowd,
  reasonOf,
  runCrowd,
  runsInformer,
} from '../test/controllers/support/crowd.ts';
import { startInstallation } from '../test/controllers/support/installation.ts';
import { testNamespace } from '../test/controllers/support/namespace.ts';
import { startAPIServer } from '../test/harness/apiserver.ts';
import { shippedProgram } from '../test/harness/shipped-program.ts';
import { temporaryDirectory } from '../test/harness/temporary-directory.ts';
import { liveHeap } from '../test/kube/fixtures/heap.ts';
import { expectOutcomes } from './outcomes.ts';
import { cpuSeconds } from './process-time.ts';
import { quantile } from './quantile.ts';

const count = Number(process.argv[2] ?? 200);
const apps = Number(process.argv[3] ?? count);
const referenceWrites = 800;
/** Recoveries of one small app, one after the other. */
const alone = 30;
/** Of the writes that the API server takes from a client alone. */
const writeShareGoal = 0.5;
const aloneGoalMs = 150;

await using server = await startAPIServer();
const metrics = new RuntimeMetrics({ registry: new Registry(), prefix: 'bench' });
const client = new APIClient({ loadConfig: () => server.kubeConfig(), userAgent: 'bench', metrics });
const namespace = await testNamespace(server, 'bench');
const referenceNamespace = await server.createNamespace('reference');
const serverAlone = await timesOf({ server: server.process.pid, etcd: server.etcd.pid });
const reference = await writesPerSecond(referenceNamespace);
const writeCPU = sumOf(await serverAlone()) / referenceWrites;

await using installation = await startInstallation(['simple']);
await putCrowd(installation, apps);
await namespace.apply(
  ...installation.secrets,
  installation.target('default', { trust: { onFirstUse: true } }),
);
await using bundle = await temporaryDirectory('bench');
const shipped = await shippedProgram(bundle.path, process.env['CONTROLLER_NODE'] ?? process.execPath);
await using controller = await startController(namespace, shipped);
const atRest = await memory(controller.process.pid);
const aloneMs = await recoverAlone();
const before = await calls(controller);
await installation.redis.client().then((redis) => redis.flushall());
const crowdTimes = await timesOf({
  controller: controller.process.pid,
  'API server': server.process.pid,
  etcd: server.etcd.pid,
  S3: installation.s3.process.pid,
  Redis: installation.redis.process.pid,
  bench: process.pid,
});
const result = await runCrowd(client, namespace.name, {
  apps,
  count,
  timeoutMs: 300_000,
  expected: ['Recovered', 'AlreadyConsistent'],
});
const usedCPU = await crowdTimes();
await expectRecoveries(controller, result);
const missed = await report(controller, result);
await client.close();
for (const goal of missed) {
  console.log(`below the goal: ${goal}`);
}
process.exitCode = missed.length > 0 ? 1 : 0;

/** Milliseconds from creation to end of each recovery of one app, with nothing else to do; sorted. */
async function recoverAlone(): Promise<readonly number[]> {
  const latencies: number[] = [];
  const redis = await installation.redis.client();
  for (let round = 0; round < alone; round += 1) {
    await redis.flushall();
    const { latencies: took } = await runCrowd(client, namespace.name, {
      apps: 1,
      count: 1,
      timeoutMs: 60_000,
      prefix: `alone-${round}`,
      expected: ['Recovered'],
    });
    latencies.push(...took);
  }
  return latencies.sort((a, b) => a - b);
}

/** Prints the figures; returns what is below its goal. */
async function report(
  controller: ControllerProcess,
  { latencies, elapsed }: CrowdResult,
): Promise<readonly string[]> {
  const p50 = quantile(aloneMs, 0.5);
  console.log(
    `one small app alone    created to ended p50 ${p50.toFixed(0)} ms, p90 ${quantile(aloneMs, 0.9).toFixed(0)} ms of ${alone} recoveries (goal ${aloneGoalMs} ms)`,
  );
  console.log(`API server alone       ${reference.toFixed(0)} status writes/s, 16 at once`);
  const seconds = elapsed / 1000;
  const percentile = (share: number): string => `${(quantile(latencies, share) / 1000).toFixed(1)} s`;
  console.log(
    `${count} runs, ${apps} apps      ${(count / seconds).toFixed(1)} runs/s, ${seconds.toFixed(1)} s in all`,
  );
  const now = await calls(controller);
  const [reads, writes, events] = [
    now.reads - before.reads,
    now.writes - before.writes,
    now.events - before.events,
  ];
  const share = writes / seconds / reference;
  console.log(
    `writes of the controller ${(writes / count).toFixed(1)} per run, ${(writes / seconds).toFixed(0)}/s = ${share.toFixed(2)} of the API server alone (goal ${writeShareGoal})`,
  );
  console.log(
    `  with ${(events / count).toFixed(1)} events per run; reads ${(reads / count).toFixed(1)} per run; CPU ${((now.cpuSeconds - before.cpuSeconds) / count / 1e-3).toFixed(1)} ms per run`,
  );
  reportCPU(seconds);
  console.log(`created to ended       p50 ${percentile(0.5)}, p99 ${percentile(0.99)}, all created at once`);
  const resident = await memory(controller.process.pid);
  console.log(
    `memory of the controller ${atRest.now} MiB at rest, ${resident.peak} MiB at most, ${resident.now} MiB after`,
  );
  console.log(`  cache ${await bytesPerObject()} bytes per run`);
  return [
    ...(p50 <= aloneGoalMs ? [] : [`created to ended p50 ${p50.toFixed(0)} ms`]),
    ...(share >= writeShareGoal ? [] : [`writes ${share.toFixed(2)} of the API server alone`]),
  ];
}

/**
 * Whose the CPU time of the crowd was. Where the sum is as many cores as the machine has, a run takes as long
 * as all of them need for it together, and the share of the API server's own rate is bounded by its and
 * etcd's part.
 */
function reportCPU(seconds: number): void {
  const parts = Object.entries(usedCPU).map(
    ([name, used]) => `${name} ${((used / count) * 1000).toFixed(1)}`,
  );
  console.log(
    `CPU per run, ms        ${parts.join(', ')}; together ${(sumOf(usedCPU) / seconds).toFixed(2)} of ${availableParallelism()} cores; a write of the API server alone took it and etcd ${(writeCPU * 1000).toFixed(1)}`,
  );
}

/** Starts to count; the function returned tells how many CPU seconds each process has used since. */
async function timesOf<Name extends string>(
  pids: Readonly<Record<Name, number>>,
): Promise<() => Promise<Readonly<Record<Name, number>>>> {
  const now = async (): Promise<Record<Name, number>> => {
    const entries = Object.entries<number>(pids).map(async ([name, pid]) => [name, await cpuSeconds(pid)]);
    return Object.fromEntries(await Promise.all(entries)) as Record<Name, number>; // the names are those of pids
  };
  const before = await now();
  return async () => {
    const after = await now();
    for (const name of Object.keys(before) as Name[]) {
      after[name] -= before[name];
    }
    return after;
  };
}

function sumOf(seconds: Readonly<Record<string, number>>): number {
  return Object.values(seconds).reduce((sum, each) => sum + each, 0);
}

/** The first run of each app recovers it, every other one finds nothing to do, and none of an app overlap. */
async function expectRecoveries(controller: ControllerProcess, { runs }: CrowdResult): Promise<void> {
  const expected = new Map([
    ['Recovered', apps],
    ['AlreadyConsistent', count - apps],
  ]);
  const ended = Map.groupBy(runs.values(), reasonOf);
  const unexpected = [...new Set([...expected.keys(), ...ended.keys()])].flatMap((reason) => {
    const [found, wanted] = [ended.get(reason)?.length ?? 0, expected.get(reason) ?? 0];
    return found === wanted ? [] : [`${found} of ${count} runs ended ${reason}, expected ${wanted}`];
  });
  expectOutcomes([...unexpected, ...(await overlaps(controller, runs))]);
}

/** How fast the API server takes writes of the same kind, without watches. */
async function writesPerSecond(reference: string): Promise<number> {
  const names = Array.from({ length: 16 }, (_, index) => `reference-${index}`);
  for (const name of names) {
    await client.create(bootstrapRecoveries, {
      apiVersion,
      kind: 'BootstrapRecovery',
      metadata: { name, namespace: reference },
      spec: { adminName: 'none', appName: 'nothing' },
    });
  }
  const begin = performance.now();
  await eachOf(names, names.length, async (name) => {
    for (let attempts = 1; attempts <= referenceWrites / names.length; attempts += 1) {
      await client.apply(
        bootstrapRecoveries,
        { metadata: { name, namespace: reference }, status: { observedGeneration: 1, attempts } },
        { fieldManager: 'bench', force: true, subresource: 'status' },
      );
    }
  });
  return referenceWrites / ((performance.now() - begin) / 1000);
}

/** Requests of the controller until now, without the renewals of its lease, and its CPU time. */
async function calls(controller: ControllerProcess): Promise<{
  readonly reads: number;
  readonly writes: number;
  readonly events: number;
  readonly cpuSeconds: number;
}> {
  const text = await controller.metrics();
  return {
    reads: sum(text, /^rest_client_requests_total\{.*method="GET"/),
    writes: sum(text, /^rest_client_requests_total\{.*method="(PATCH|POST|DELETE)"/),
    events: sum(text, /^bootstrap_recovery_events_total\{result="created"/),
    cpuSeconds: sum(text, /^process_cpu_seconds_total /),
  };
}

/** All series of a metric that match. */
function sum(text: string, series: RegExp): number {
  const lines = text.split('\n').filter((line) => series.test(line));
  return lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}

/** Resident memory of a process in MiB: now, and the most it ever was. */
async function memory(pid: number): Promise<{ readonly now: string; readonly peak: string }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const mebibytes = (field: string): string => {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
    return kilobytes === undefined ? 'unknown' : (Number(kilobytes) / 1024).toFixed(0);
  };
  return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
}

/**
 * What one run that has ended costs for as long as it exists: live heap of the objects in a cache like the
 * controller's.
 */
async function bytesPerObject(): Promise<string> {
  const informer = runsInformer(client, namespace.name);
  const stop = new AbortController();
  const watching = informer.run(stop.signal);
  await informer.synced;
  stop.abort();
  await watching;
  // Several copies, or what this process happens to let go of meanwhile would count.
  const text = JSON.stringify(informer.store.list());
  const copies: unknown[] = [];
  const before = liveHeap();
  while (copies.length < 10) {
    copies.push(JSON.parse(text));
  }
  return ((liveHeap() - before) / copies.length / informer.store.size).toFixed(0);
}
