/**
 * Recovers apps of several sizes from a real S3 server into a real Redis, near and 10 ms away, and compares
 * each with what its requests and its verification cost alone. `node bench/recover.ts [repetitions]`,
 * 5 by default. Times are for reading, on whatever machine this is: nothing fails by them.
 */
import { type Case, measure } from './recover-case.ts';

/** The real server 2.1.0, recorded on 2 shared cores: milliseconds from its 202 to SUCCESS, medians of 3. */
const server: ReadonlyMap<string, number> = new Map([
  [key({ roles: 1, oldSnapshots: 1, addedMs: 0 }), 68],
  [key({ roles: 8, oldSnapshots: 1, addedMs: 0 }), 144],
  [key({ roles: 64, oldSnapshots: 1, addedMs: 0 }), 883],
  [key({ roles: 256, oldSnapshots: 1, addedMs: 0 }), 5_946],
  [key({ roles: 8, oldSnapshots: 50, addedMs: 0 }), 167],
  [key({ roles: 8, oldSnapshots: 500, addedMs: 0 }), 382],
  [key({ roles: 1, oldSnapshots: 1, addedMs: 10 }), 200],
  [key({ roles: 8, oldSnapshots: 1, addedMs: 10 }), 456],
  [key({ roles: 64, oldSnapshots: 1, addedMs: 10 }), 2_793],
  [key({ roles: 256, oldSnapshots: 1, addedMs: 10 }), 12_690],
  [key({ roles: 8, oldSnapshots: 50, addedMs: 10 }), 481],
  [key({ roles: 8, oldSnapshots: 500, addedMs: 10 }), 783],
]);

const cases: readonly Case[] = [0, 10].flatMap((addedMs) => [
  ...[1, 8, 64, 256].map((roles) => ({ roles, oldSnapshots: 1, addedMs })),
  ...[50, 500].map((oldSnapshots) => ({ roles: 8, oldSnapshots, addedMs })),
]);

function key({ roles, oldSnapshots, addedMs }: Case): string {
  return `${roles}/${oldSnapshots}/${addedMs}`;
}

const repetitions = Number(process.argv[2] ?? 5);
const columns = [
  'roles',
  'old snapshots',
  'added ms',
  'run ms',
  '× bound',
  'LIST pages',
  'GETs',
  'Redis trips',
  'server ms',
  'faster',
];
console.log(`| ${columns.join(' | ')} |\n|${' --- |'.repeat(columns.length)}`);
for (const what of cases) {
  const { runMs, boundMs, pages, gets, roundTrips } = await measure(what, repetitions);
  const serverMs = server.get(key(what)) ?? Number.NaN;
  const cells = [
    what.roles,
    what.oldSnapshots,
    what.addedMs,
    runMs.toFixed(0),
    (runMs / boundMs).toFixed(2),
    pages,
    gets,
    roundTrips,
    serverMs,
    `${(serverMs / runMs).toFixed(1)}×`,
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
console.log(
  '\n"× bound": time divided by the sum of LIST ∥ timestamp, snapshot, one wave of GETs, three Redis round trips and the verification,\n' +
    'measured one after the other in the same process. "server": the real faynoSync 2.1.0, recorded elsewhere on two shared cores.',
);
