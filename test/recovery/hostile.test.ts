import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maxConfigMapBytes } from '../../src/controllers/status/owned-config-map.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { HOSTILE_BUCKETS, hostileGroups } from '../tuf/hostile/buckets.ts';
import { MAX_RSS_MIB, resultsOf } from '../tuf/hostile/child.ts';
import type { HostileRun } from './fixtures/hostile-program.ts';

const PROGRAM = fileURLToPath(new URL('./fixtures/hostile-program.ts', import.meta.url));

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(async () => {
  await redis?.stop();
});

describe('planned, then recovered, in a process with 384 MiB of heap', () => {
  test.each(hostileGroups().map((names) => [names.join('; '), names] as const))(
    'a verdict that names its finding, no write without proof, and memory within the pod: %s',
    async (_title, names) => {
      const runs = await resultsOf<HostileRun>(PROGRAM, [redis.url, ...names]);
      expect(runs.map(({ name, mode }) => [name, mode])).toEqual(
        names.flatMap((name) => [
          [name, 'Verify'],
          [name, 'Recover'],
        ]),
      );
      const client = await redis.client();
      for (const { name, mode, reason, refusal, peakMiB, reportBytes } of runs) {
        const trusted = HOSTILE_BUCKETS.find((bucket) => bucket.name === name)?.verdict === 'trusted';
        const expected = trusted
          ? { reason: mode === 'Verify' ? 'DriftDetected' : 'Recovered', refusal: undefined }
          : {
              reason: expect.stringMatching(/^(TrustVerificationFailed|KeyCollision)$/),
              refusal: expect.any(String),
            };
        expect({ name, reason, refusal }).toEqual({ name, ...expected });
        expect([name, peakMiB > MAX_RSS_MIB ? peakMiB : 'within']).toEqual([name, 'within']);
        expect(reportBytes).toBeLessThan(maxConfigMapBytes);
        const app = HOSTILE_BUCKETS.findIndex((bucket) => bucket.name === name);
        expect([name, await client.exists(`BOOTSTRAP_hostile_b${app}`)]).toEqual([name, trusted ? 1 : 0]);
      }
    },
    600_000,
  );
});
