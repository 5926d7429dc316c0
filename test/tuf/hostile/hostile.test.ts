import { describe, expect, test } from 'vitest';
import { maxConfigMapBytes } from '../../../src/controllers/status/owned-config-map.ts';
import { HOSTILE_BUCKETS, hostileGroups } from './buckets.ts';
import { MAX_RSS_MIB, verifyInChild } from './child.ts';

test('at least 40 kinds of hostile buckets are known, each under its own name', () => {
  expect(new Set(HOSTILE_BUCKETS.map(({ name }) => name)).size).toBe(HOSTILE_BUCKETS.length);
  expect(HOSTILE_BUCKETS.length).toBeGreaterThanOrEqual(40);
});

describe('in a process with 384 MiB of heap', () => {
  test.each(hostileGroups().map((names) => [names.join('; '), names] as const))(
    'a verdict, a report, and memory within the pod: %s',
    async (_title, names) => {
      const results = await verifyInChild(names);
      expect(results.map(({ name, verdict }) => [name, verdict])).toEqual(
        names.map((name) => [name, HOSTILE_BUCKETS.find((bucket) => bucket.name === name)?.verdict]),
      );
      for (const { name, peakMiB, reportBytes } of results) {
        expect([name, peakMiB > MAX_RSS_MIB ? peakMiB : 'within']).toEqual([name, 'within']);
        expect(reportBytes).toBeLessThan(maxConfigMapBytes);
      }
    },
    600_000,
  );
});

test('a process that lives on keeps nothing of what it read', async () => {
  const round = [
    '100,000 names outside of ASCII',
    'a role of 64 MiB of zeros',
    'a role with a key id of 25 MB',
    '20 roles that each delegate to 100 roles',
  ];
  const results = await verifyInChild(Array.from({ length: 6 }, () => round).flat());
  const rests = results.filter(({ name }) => name === round[0]).map(({ restMiB }) => restMiB);
  // What the runtime keeps for the next time is there after two rounds; then nothing is added to it.
  expect(rests).toHaveLength(6);
  expect(Math.max(...rests.slice(3)) - Math.max(...rests.slice(1, 3))).toBeLessThan(32);
});
