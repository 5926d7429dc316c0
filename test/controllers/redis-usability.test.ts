import { expect, test } from 'vitest';
import { probeUsability, type RedisUsability } from '../../src/controllers/recoverytarget/redis-usability.ts';
import type { RedisEndpoint } from '../../src/redis/endpoint.ts';
import type { ServerFacts } from '../../src/redis/state-store.ts';
import { targetManifest } from './support/objects.ts';

const now = new Date('2030-01-01T00:01:00Z');
/** No connection is opened: there is no app. */
const endpoint: RedisEndpoint = {
  location: { kind: 'standalone', address: { host: '127.0.0.1', port: 1 } },
  db: 0,
};

/** Of a target without apps, for which Redis is asked nothing further. */
function probe(facts: ServerFacts, reported?: number): Promise<RedisUsability> {
  const { spec } = targetManifest({ trust: { onFirstUse: true } });
  const status = reported === undefined ? {} : { redis: { clockSkewSeconds: reported, warnings: [] } };
  return probeUsability(endpoint, { spec, status }, facts, now, new AbortController().signal);
}

test.each([
  ['2030-01-01T00:01:00.400Z', 0, []],
  ['2030-01-01T00:00:55Z', 5, []],
  ['2030-01-01T00:00:54Z', 6, ['RedisClockSkew']],
  ['2030-01-01T00:03:00Z', 120, ['RedisClockSkew']],
])('Redis says it is %s: %i s apart', async (time, seconds, codes) => {
  const found = await probe({ version: '8.0.0', role: 'master', time: new Date(time), warnings: [] });
  expect(found.clockSkewSeconds).toBe(seconds);
  expect(found.warnings.map(({ code }) => code)).toEqual(codes);
  expect(found.refusedCommands).toBeUndefined();
});

test('a Redis that keeps its time to itself is compared with nothing', async () => {
  const found = await probe({ version: undefined, role: undefined, time: undefined, warnings: [] });
  expect(found).toEqual({ clockSkewSeconds: undefined, refusedCommands: undefined, warnings: [] });
});

test.each([
  [0, 1_400, 0],
  [0, 1_600, 2],
  [5, 6_400, 5],
  [6, 4_600, 6],
  [6, 4_400, 4],
  [120, 149_000, 120],
  [120, 151_000, 151],
])('%i s apart when reported last, %i ms now: %i s are reported', async (reported, nowMs, seconds) => {
  const time = new Date(now.getTime() - nowMs);
  const found = await probe({ version: '8.0.0', role: 'master', time, warnings: [] }, reported);
  expect(found.clockSkewSeconds).toBe(seconds);
  expect(found.warnings.length > 0).toBe(seconds > 5);
});
