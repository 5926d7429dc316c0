/**
 * Kills, pauses and cuts attempts at every step, in hundreds, and fails over underneath them:
 * `node bench/kill.ts [runs]`, 300 runs by default. Ends with 1 when a single one left a mixture,
 * claimed a success that is not there, or could not be repaired by the next attempt.
 */
import type { RunStage } from '../src/recovery/observer.ts';
import { startFaultProxy } from '../test/harness/faultproxy.ts';
import { failOverOnce } from '../test/recovery/fixtures/failover.ts';
import { type Fault, killOnce, losses, type Scene, stages } from '../test/recovery/fixtures/kill.ts';
import { startSite } from '../test/recovery/fixtures/site.ts';
import { expectOutcomes } from './outcomes.ts';

const LANES = 2;
const DEFAULT_RUNS = 300;
/** A topology takes seconds to start: one failover in so many runs. */
const FAILOVER_SHARE = 15;
const failoverStages: readonly RunStage[] = ['Observe', 'Lock', 'Apply', 'Confirm', 'Record'];
const faults: readonly Fault[] = ['SIGKILL', 'SIGKILL in flight', 'SIGSTOP', 'cut before', 'cut after'];

interface Job {
  readonly name: string;
  readonly run: (scene: Scene) => Promise<string | undefined>;
}

/** As many jobs as asked for, going round the matrix. */
function jobsFor(runs: number): readonly Job[] {
  const matrix = faults.flatMap((fault) =>
    losses.flatMap((loss) =>
      stages.map((stage): Job => ({ name: fault, run: (scene) => killOnce(scene, { stage, fault, loss }) })),
    ),
  );
  return Array.from({ length: runs }, (_, i): Job => {
    // A whole number, and so an index, at every fifteenth run only.
    const stage = failoverStages[(i / FAILOVER_SHARE) % failoverStages.length];
    if (stage !== undefined) {
      return { name: 'failover', run: () => failOverOnce(stage) };
    }
    const job = matrix[i % matrix.length];
    if (job === undefined) {
      throw new Error('The matrix is empty.');
    }
    return job;
  });
}

const runs = Number(process.argv[2] ?? DEFAULT_RUNS);
const jobs = jobsFor(runs);
const tally = new Map<string, Map<string, number>>();
const violations: string[] = [];
let next = 0;

async function lane(): Promise<void> {
  await using site = await startSite('deleg');
  await using proxy = await startFaultProxy(site.redis);
  for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
    const counts = tally.get(job.name) ?? new Map<string, number>();
    tally.set(job.name, counts);
    let end: string;
    try {
      end = (await job.run({ site, proxy })) ?? 'killed';
    } catch (error) {
      end = 'VIOLATION';
      violations.push(`${job.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    counts.set(end, (counts.get(end) ?? 0) + 1);
    if (process.stderr.isTTY) {
      process.stderr.write(`\r${next - 1}/${runs} `);
    }
  }
}

await Promise.all(Array.from({ length: LANES }, lane));

// Mixtures, false claims, and states that the next attempt could not repair.
expectOutcomes(violations);
console.log(`\n${runs} attempts were struck; what each one said at its end, if it lived to say anything:\n`);
const ends = [...new Set([...tally.values()].flatMap((counts) => [...counts.keys()]))].sort();
console.log(['fault'.padEnd(18), ...ends.map((end) => end.padStart(18))].join(''));
for (const [name, counts] of tally) {
  console.log([name.padEnd(18), ...ends.map((end) => String(counts.get(end) ?? 0).padStart(18))].join(''));
}
console.log('\nno mixture, no false claim, and no state that the next attempt could not repair');
