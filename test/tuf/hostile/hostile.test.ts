import { describe, expect, test } from 'vitest';
import { maxConfigMapBytes } from '../../../src/controllers/status/owned-config-map.ts';
import { HOSTILE_BUCKETS, type HostileBucket } from './buckets.ts';
import { verifyInChild } from './child.ts';

/** What a pod of 512 MiB can spare, in MiB. */
const MAX_MIB = 450;
/** Buckets for one process: starting one takes longer than most of them. */
const GROUP = 8;

test('at least 40 kinds of hostile buckets are known, each under its own name', () => {
  expect(new Set(HOSTILE_BUCKETS.map(({ name }) => name)).size).toBe(HOSTILE_BUCKETS.length);
  expect(HOSTILE_BUCKETS.length).toBeGreaterThanOrEqual(40);
});

describe('in a process with 384 MiB of heap', () => {
  test.each(groups().map((group) => [group.map(({ name }) => name).join('; '), group] as const))(
    'a verdict, a report, and memory within the pod: %s',
    async (_names, group) => {
      const results = await verifyInChild(group.map(({ name }) => name));
      expect(results.map(({ name, verdict }) => [name, verdict])).toEqual(
        group.map(({ name, verdict }) => [name, verdict]),
      );
      for (const { name, peakMiB, reportBytes } of results) {
        expect([name, peakMiB > MAX_MIB ? peakMiB : 'within']).toEqual([name, 'within']);
        expect(reportBytes).toBeLessThan(maxConfigMapBytes);
      }
    },
    600_000,
  );
});

function groups(): readonly (readonly HostileBucket[])[] {
  const together = HOSTILE_BUCKETS.filter(({ alone }) => alone === undefined);
  return [
    ...HOSTILE_BUCKETS.filter(({ alone }) => alone === true).map((bucket) => [bucket]),
    ...Array.from({ length: Math.ceil(together.length / GROUP) }, (_, i) =>
      together.slice(i * GROUP, (i + 1) * GROUP),
    ),
  ];
}
