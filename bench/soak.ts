/**
 * Three tenants on one controller, on a real API server, Redis and S3. Two do nothing wrong, and lose
 * settings again and again: keys are deleted, their Redis restarts empty, their S3 restarts meanwhile. First
 * alone, then while the third tenant does its worst for the minutes asked for, then alone again: before and
 * after say how long that takes normally on this machine. Prints both, the memory of the controller, and what
 * the controller logged about each late loss. Exits with 1 when a loss was not known and repaired within
 * twice the slowest normal time of its kind, when a kind did not happen as often as planned, when a condition
 * was untrue for longer than an interval, when memory grew, or when the controller threw what nothing caught.
 * `node bench/soak.ts [minutes, at most 30] [seed]`
 */
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type Loss, type LossKind, lossKinds } from '../test/controllers/support/tenants/calm-tenant.ts';
import { startSoak } from '../test/controllers/support/tenants/soak.ts';
import { startAPIServer } from '../test/harness/apiserver.ts';
import { shippedProgram } from '../test/harness/shipped-program.ts';
import { temporaryDirectory } from '../test/harness/temporary-directory.ts';
import { CPUShare } from './cpu-share.ts';
import { appsFor, lossesWithin, lossSchedule, normalLosses } from './loss-schedule.ts';
import { expectOutcomes } from './outcomes.ts';
import { quantile } from './quantile.ts';

const minutes = minutesOf(process.argv[2] ?? '30');
const seed = process.argv[3] ?? 'soak';
const apps = appsFor(minutes);
/**
 * Less than this counts as at once: where a loss is normally known within hundredths of a second, twice that
 * is less than a busy machine takes to run what is ready.
 */
const atOnceMs = 1_000;
/** What the tenants ask for, and one probe that waits for its time-out. */
const longestUntruthMs = 10_000 + 10_000;
const sampleMs = 1_000;
/** Resident memory in the last third of the time against the second third. */
const maxGrowth = 1.15;

await using server = await startAPIServer();
await using bundle = await temporaryDirectory('bench');
const shipped = await shippedProgram(bundle.path, process.env['CONTROLLER_NODE'] ?? process.execPath);
await using soak = await startSoak(server, { seed, apps, shipped });
const unexpected: string[] = [];
/** How often each tenant has lost something in each way: the next app in turn loses it next. */
const turns = new Map<string, number>();
const cpu = new CPUShare();
const samples: { readonly atMs: number; readonly rssMiB: number }[] = [];

const normal: Loss[] = [];
normal.push(...(await loseNormally()));

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
const hostileSince = Date.now();
const disturbed: Loss[] = [];
let untruthMs = 0;
for (const { atMs, kind, tenant } of lossSchedule(minutes, soak.calm.length, soak.random)) {
  await delay(Math.max(0, begin + atMs - performance.now()));
  disturbed.push(...(await loseNext(kind, tenant)));
  untruthMs = Math.max(untruthMs, await untilAllIsTrue());
}
await delay(Math.max(0, begin + minutes * 60_000 - performance.now()));
stop.abort();
await sampling;
const { changes, runs, configMaps } = hostile.done;
await hostile[Symbol.asyncDispose]();
await soak.removeHostile();
normal.push(...(await loseNormally()));
unexpected.push(...(await soak.faults()));

const others = cpu.ofOthers(hostileSince, hostileSince + minutes * 60_000);
console.log(
  `load ${loadavg()[0]?.toFixed(1)}; beside the hostile tenant ${percent(others)} of the CPU time went to other programs`,
);
console.log(`${apps} apps for each of two tenants, seed ${seed}`);
const late = new Set<Loss>();
expectEveryKind();
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

/** What is normal: losses of each kind for each tenant, one after the other in the order of the seed. */
async function loseNormally(): Promise<readonly Loss[]> {
  const losses: Loss[] = [];
  const order = soak.calm.flatMap((_, tenant) =>
    lossKinds.flatMap((kind) => Array.from({ length: normalLosses[kind] }, () => ({ kind, tenant }))),
  );
  for (const { kind, tenant } of shuffled(order)) {
    losses.push(...(await loseNext(kind, tenant)));
    await delay(soak.random.integer(1_000));
  }
  return losses;
}

/** Has the next app of a tenant lose its settings; or all of them, where that is what the kind does. */
function loseNext(kind: LossKind, at: number): Promise<readonly Loss[]> {
  const tenant = soak.calm[at];
  const id = JSON.stringify([kind, at]);
  const turn = turns.get(id) ?? 0;
  turns.set(id, turn + 1);
  const app = tenant?.apps[turn % tenant.apps.length];
  if (tenant === undefined || app === undefined) {
    throw new Error(`there is no tenant ${at} with apps`);
  }
  return tenant.lose(kind, soak.random, app);
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
  const limitMs = Math.max(atOnceMs, 2 * (alone.at(-1) ?? 0));
  const lateOnes = ofKind(disturbed).filter((loss) => time(loss) > limitMs);
  console.log(
    `${kind}, ${what}: normally ${spread(alone)}; beside the hostile tenant ${spread(during)}; ${lateOnes.length} after ${seconds(limitMs)}`,
  );
  if (lateOnes.length > 0) {
    unexpected.push(
      `${kind}: ${lateOnes.length} of ${during.length} losses were ${what} later than ${seconds(limitMs)}`,
    );
  }
  for (const loss of lateOnes) {
    late.add(loss);
  }
}

/** Every kind has to have happened: what never happened was never late. */
function expectEveryKind(): void {
  for (const [losses, each] of [
    [normal, (kind: LossKind) => 2 * normalLosses[kind]],
    [disturbed, (kind: LossKind) => lossesWithin(minutes)[kind]],
  ] as const) {
    for (const kind of lossKinds) {
      const wanted = each(kind) * soak.calm.length * (kind === 'Redis restarted empty' ? apps : 1);
      const happened = losses.filter((loss) => loss.kind === kind).length;
      if (happened !== wanted) {
        unexpected.push(`${kind}: ${happened} losses instead of ${wanted}`);
      }
    }
  }
}

/** What the controller logged about apps, their recoveries and their target while they were not repaired. */
async function logOf(losses: readonly Loss[]): Promise<void> {
  const lines = await soak.controller.log();
  for (const { kind, namespace, state, at, knownMs, repairedMs } of losses) {
    const others = cpu.ofOthers(at.getTime(), at.getTime() + repairedMs);
    console.log(
      `${kind}, ${namespace}/${state}: known ${seconds(knownMs)}, repaired ${seconds(repairedMs)}; ${percent(others)} of the CPU time went to other programs`,
    );
    const [from, to] = [at.getTime() - 1_000, at.getTime() + repairedMs + 1_000];
    const meanwhile = lines.filter((line) => {
      const time = Date.parse(String(line['time']));
      return time >= from && time <= to && JSON.stringify(line).includes(namespace);
    });
    const runs = meanwhile.flatMap(({ name, run }) =>
      name === state && run !== undefined ? [String(run)] : [],
    );
    const about = meanwhile.filter((line) => isAbout(JSON.stringify(line), [state, ...runs]));
    for (const line of about.slice(0, 30)) {
      console.log(
        `  ${seconds(Date.parse(String(line['time'])) - at.getTime())} ${JSON.stringify(line).slice(0, 400)}`,
      );
    }
  }
}

function isAbout(text: string, names: readonly string[]): boolean {
  return (
    names.some((name) => text.includes(name)) ||
    text.includes('watch of Redis') ||
    text.includes('"level":"error"')
  );
}

function spread(times: readonly number[]): string {
  const at = (share: number) => seconds(quantile(times, share));
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, slowest ${at(1)} of ${times.length}`;
}

async function sample(): Promise<void> {
  const from = performance.now();
  while (!stop.signal.aborted) {
    const status = await readFile(`/proc/${soak.controller.process.pid}/status`, 'utf8');
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    await cpu.sample();
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

/** At most what is planned for: what is lost more often in an hour than a policy repairs it stays lost. */
function minutesOf(text: string): number {
  const number = Number(text);
  if (!(number >= 1 && number <= 30)) {
    throw new Error(`The minutes are a number from 1 to 30, and not ${text}.`);
  }
  return number;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
