/**
 * Time, memory and event-loop delay of verifying each hostile bucket of the tests, each in a process of its
 * own with 384 MiB of heap. Prints a table and fails nothing: machines differ.
 *
 *   node bench/hostile.ts [part of a name …]
 */
import { HOSTILE_BUCKETS } from '../test/tuf/hostile/buckets.ts';
import { verifyInChild } from '../test/tuf/hostile/child.ts';

const wanted = process.argv.slice(2);
const rows: Record<string, unknown>[] = [];
for (const { name } of HOSTILE_BUCKETS) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) {
    continue;
  }
  for (const { verdict, codes, milliseconds, blockedMs, peakMiB } of await verifyInChild([name])) {
    rows.push({
      bucket: name,
      verdict,
      findings: codes.join(' '),
      ms: milliseconds,
      'loop blocked, ms': blockedMs,
      'peak MiB': peakMiB,
    });
  }
}
console.table(rows);
