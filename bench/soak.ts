/**
 * Three tenants on one controller, on a real API server, Redis and S3. Two do nothing wrong, and lose
 * settings again and again: keys are deleted, their Redis restarts empty, their S3 restarts meanwhile. First
 * alone, then while the third tenant does its worst for the minutes asked for, then alone again: before and
 * after say how long that takes normally on this machine. Prints both, the memory of the controller, and what
 * the controller logged about each late loss. Exits with 1 when a loss was not known and repaired within
 * twice its normal time, when a condition was untrue for longer than an interval, when memory grew, or when
 * the controller threw what nothing caught. `node bench/soak.ts [minutes] [seed]`
 */
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CalmTenant,
  type Loss,
  type LossKind,
  lossKinds,
} from '../test/controllers/support/tenants/calm-tenant.ts';
import { startSoak } from '../test/controllers/support/tenants/soak.ts';
import { startAPIServer } from '../test/harness/apiserver.ts';
import { temporaryDirectory } from '../test/harness/temporary-directory.ts';
import { expectOutcomes } from './outcomes.ts';
import { shippedProgram } from './shipped-program.ts';

const minutes = Number(process.argv[2] ?? 30);
const seed = process.argv[3] ?? 'soak';
/** Rounds before, and as many after; each is one loss of each kind for each tenant. */
const normalRounds = 2;
const recoveriesPerHour = 10;
/** Of these, how many are left to the restarts of Redis, which take one of every app. */
const keptForRestarts = 6;
/** About six apps lose keys in a minute: enough of them for the time asked for. */
const apps = Math.max(4, Math.ceil((6 * Math.min(60, minutes)) / (recoveriesPerHour - keptForRestarts) / 2));
/** What the tenants ask for, and one probe that waits for its time-out. */
const longestUntruthMs = 10_000 + 10_000;
const sampleMs = 5_000;
/** Resident memory in the last third of the time against the second third. */
const maxGrowth = 1.15;

await using server = await startAPIServer();
await using bundle = await temporaryDirectory('bench');
const program = await shippedProgram(bundle.path, process.env['CONTROLLER_NODE'] ?? process.execPath);
await using soak = await startSoak(server, { seed, apps, program });
const unexpected: string[] = [];
/** When each app lost its settings, to stay below what its policy repairs. */
const lostAt = new Map<string, number[]>();
const samples: { readonly atMs: number; readonly rssMiB: number }[] = [];

const normal: Loss[] = [];
for (let round = 0; round < normalRounds; round += 1) {
  normal.push(...(await loseOnce()));
}

const stop = new AbortController();
const sampling = sample();
const hostile = await soak.startHostile({
  targets: 8,
  appsPerTarget: 25,
  runs: 500,
  churnPerSecond: 20,
  listingPauseMs: 0,
});
const begin = performance.now();
const disturbed: Loss[] = [];
let untruthMs = 0;
while (performance.now() - begin < minutes * 60_000) {
  disturbed.push(...(await loseOnce()));
  untruthMs = Math.max(untruthMs, await untilAllIsTrue());
}
stop.abort();
await sampling;
const { changes, runs, configMaps } = hostile.done;
await hostile[Symbol.asyncDispose]();
await soak.removeHostile();
for (let round = 0; round < normalRounds; round += 1) {
  normal.push(...(await loseOnce()));
}
unexpected.push(...(await soak.faults()));

console.log(`load ${loadavg()[0]?.toFixed(1)}; ${apps} apps for each of two tenants, seed ${seed}`);
const late = new Set<Loss>();
for (const kind of lossKinds) {
  report(kind, 'known', ({ knownMs }) => knownMs);
  report(kind, 'repaired', ({ repairedMs }) => repairedMs);
}
await logOf([...late]);
console.log(`the hostile tenant made ${changes} changes, ${runs} runs and ${configMaps} foreign ConfigMaps`);
console.log(`conditions were untrue for ${(untruthMs / 1000).toFixed(1)} s at most after a repair`);
if (untruthMs > longestUntruthMs) {
  unexpected.push(`a condition was untrue for ${(untruthMs / 1000).toFixed(1)} s`);
}
reportMemory();
expectOutcomes(unexpected);

/** One loss of each kind for each tenant, in the order of the seed. */
async function loseOnce(): Promise<readonly Loss[]> {
  const losses: Loss[] = [];
  for (const kind of shuffled(lossKinds)) {
    for (const tenant of shuffled(soak.calm)) {
      const app = spare(tenant, kind);
      if (app !== undefined) {
        losses.push(...(await tenant.lose(kind, soak.random, app)));
      }
      await delay(soak.random.integer(1_000));
    }
  }
  return losses;
}

/** An app that may lose its settings once more; undefined when none may. Counts the loss. */
function spare(tenant: CalmTenant, kind: LossKind): string | undefined {
  const hourAgo = performance.now() - 3_600_000;
  const recent = (app: string): readonly number[] =>
    (lostAt.get(`${tenant.namespace.name}/${app}`) ?? []).filter((at) => at > hourAgo);
  const free = tenant.apps.filter((app) => recent(app).length < recoveriesPerHour - keptForRestarts);
  const all = kind === 'Redis restarted empty';
  const mayRestart = tenant.apps.every((app) => recent(app).length < recoveriesPerHour);
  if (all ? !mayRestart : free.length === 0) {
    return undefined;
  }
  const app = soak.random.pick(all ? tenant.apps : free);
  for (const each of all ? tenant.apps : [app]) {
    lostAt.set(`${tenant.namespace.name}/${each}`, [...recent(each), performance.now()]);
  }
  return app;
}

/** Milliseconds until all that the well-behaved tenants' objects say is so. */
async function untilAllIsTrue(): Promise<number> {
  const since = performance.now();
  for (;;) {
    const untruths = (await Promise.all(soak.calm.map((tenant) => tenant.untruths()))).flat();
    const lasted = performance.now() - since;
    if (untruths.length === 0) {
      return lasted;
    }
    if (lasted > 10 * longestUntruthMs) {
      unexpected.push(...untruths);
      return lasted;
    }
    await delay(50);
  }
}

function report(kind: LossKind, what: string, time: (loss: Loss) => number): void {
  const ofKind = (losses: readonly Loss[]) => losses.filter((loss) => loss.kind === kind);
  const times = (losses: readonly Loss[]) =>
    ofKind(losses)
      .map(time)
      .sort((a, b) => a - b);
  const [alone, during] = [times(normal), times(disturbed)];
  const slowest = alone.at(-1) ?? 0;
  const lateOnes = ofKind(disturbed).filter((loss) => time(loss) > 2 * slowest);
  console.log(`${kind}, ${what}: normally ${spread(alone)}; beside the hostile tenant ${spread(during)}`);
  if (during.length === 0 || lateOnes.length > 0) {
    unexpected.push(
      `${kind}: ${lateOnes.length} of ${during.length} losses were ${what} later than twice ${seconds(slowest)}`,
    );
  }
  for (const loss of lateOnes) {
    late.add(loss);
  }
}

/** What the controller logged about apps and their target while they were not repaired. */
async function logOf(losses: readonly Loss[]): Promise<void> {
  const lines = await soak.controller.log();
  for (const { kind, namespace, state, at, knownMs, repairedMs } of losses) {
    console.log(`${kind}, ${namespace}/${state}: known ${seconds(knownMs)}, repaired ${seconds(repairedMs)}`);
    const [from, to] = [at.getTime() - 1_000, at.getTime() + repairedMs + 1_000];
    const about = lines.filter((line) => {
      const time = Date.parse(String(line['time']));
      const text = JSON.stringify(line);
      return time >= from && time <= to && text.includes(namespace) && isAbout(text, state);
    });
    for (const line of about.slice(0, 30)) {
      console.log(
        `  ${seconds(Date.parse(String(line['time'])) - at.getTime())} ${JSON.stringify(line).slice(0, 400)}`,
      );
    }
  }
}

function isAbout(text: string, state: string): boolean {
  return text.includes(state) || text.includes('watch of Redis') || text.includes('"level":"error"');
}

function spread(times: readonly number[]): string {
  const at = (share: number) =>
    seconds(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, slowest ${at(1)} of ${times.length}`;
}

async function sample(): Promise<void> {
  const from = performance.now();
  while (!stop.signal.aborted) {
    const status = await readFile(`/proc/${soak.controller.process.pid}/status`, 'utf8');
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    samples.push({ atMs: performance.now() - from, rssMiB: kilobytes / 1024 });
    await delay(sampleMs, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}

function reportMemory(): void {
  const end = samples.at(-1)?.atMs ?? 0;
  const third = (at: number): number => {
    const part = samples.filter(({ atMs }) => atMs >= (end * at) / 3 && atMs <= (end * (at + 1)) / 3);
    return part.reduce((sum, { rssMiB }) => sum + rssMiB, 0) / part.length;
  };
  const [first, second, last] = [third(0), third(1), third(2)];
  const most = Math.max(...samples.map(({ rssMiB }) => rssMiB));
  console.log(
    `memory of the controller: ${first.toFixed(0)}, ${second.toFixed(0)}, ${last.toFixed(0)} MiB in the thirds of the time, ${most.toFixed(0)} at most`,
  );
  if (last > second * maxGrowth) {
    unexpected.push(`memory grew from ${second.toFixed(0)} to ${last.toFixed(0)} MiB`);
  }
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  const left = [...items];
  const drawn: T[] = [];
  while (left.length > 0) {
    drawn.push(...left.splice(soak.random.integer(left.length), 1));
  }
  return drawn;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
