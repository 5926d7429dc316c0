/**
 * Time, memory and the longest turn of the event loop for each hostile bucket of the tests: verified,
 * planned and recovered, each bucket in processes of its own that have the memory of a pod. Prints a table
 * in Markdown and judges no figure: machines differ; a bucket with another outcome than the expected one ends
 * it with 1. Turns are counted in processor time, so they don't depend on the load.
 *
 * node bench/hostile.ts [part of a name …]
 */
import { fileURLToPath } from 'node:url';
import { startRedis } from '../test/harness/redis.ts';
import type { HostileRun } from '../test/recovery/fixtures/hostile-program.ts';
import { HOSTILE_BUCKETS } from '../test/tuf/hostile/buckets.ts';
import { resultsOf, verifyInChild } from '../test/tuf/hostile/child.ts';
import { expectOutcomes } from './outcomes.ts';

const RECOVERY = fileURLToPath(new URL('../test/recovery/fixtures/hostile-program.ts', import.meta.url));

/** What a run over a trusted bucket finds and does, with nothing in Redis. */
const reasonWhenTrusted = { Verify: 'DriftDetected', Recover: 'Recovered' } as const;

const wanted = process.argv.slice(2);
const redis = await startRedis();
process.stdout.write('| bucket | verdict | verify, plan, recover: s | longest turn, ms | peak, MiB |\n');
process.stdout.write('| --- | --- | --- | --- | --- |\n');
try {
  for (const { name, verdict: expected } of HOSTILE_BUCKETS) {
    if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) {
      continue;
    }
    const verified = await verifyInChild([name]);
    const recovered = await resultsOf<HostileRun>(RECOVERY, [redis.url, name]);
    const isExpected = (trusted: boolean): boolean => trusted === (expected === 'trusted');
    expectOutcomes([
      ...verified
        .filter(({ verdict }) => verdict !== expected)
        .map(({ verdict }) => `${name}: verified as ${verdict}, not ${expected}`),
      ...recovered
        .filter(({ mode, reason }) => !isExpected(reason === reasonWhenTrusted[mode]))
        .map(
          ({ mode, reason }) => `${name}: ${mode} ended with ${reason}, though its verdict is ${expected}`,
        ),
    ]);
    const all = [...verified, ...recovered];
    const seconds = all.map(({ milliseconds }) => (milliseconds / 1000).toFixed(1)).join(', ');
    const verdict = verified
      .map((result) => (result.verdict === 'trusted' ? 'trusted' : result.codes[0]))
      .join();
    const blocked = Math.max(...all.map(({ blockedMs }) => blockedMs));
    const peak = Math.max(...all.map(({ peakMiB }) => peakMiB));
    process.stdout.write(`| ${name} | ${verdict} | ${seconds} | ${blocked} | ${peak} |\n`);
  }
} finally {
  await redis.stop();
}
