import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RedisEndpoint } from '../../src/redis/endpoint.ts';
import { TrackedReader, type TrackedReaderOptions } from '../../src/redis/tracking/tracked-reader.ts';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';

/** What a sink heard: keys, `flushed`, `closed`. */
type Heard = string[];

const minimal =
  'user reader on >p resetchannels -@all +eval_ro +mget +get +set +type +pttl +client|id +client|tracking +subscribe &__redis__:invalidate %R~BOOTSTRAP_* ~tuf-recovery:canary:*';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis({ users: [minimal] });
});

afterAll(async () => {
  await redis.stop();
});

async function open(
  change: Partial<TrackedReaderOptions> & { readonly endpoint?: RedisEndpoint } = {},
): Promise<{ reader: TrackedReader; heard: Heard }> {
  const heard: Heard = [];
  const reader = await TrackedReader.open({
    endpoint: { location: { kind: 'standalone', address: { host: redis.host, port: redis.port } } },
    prefixes: ['BOOTSTRAP_', 'LOCK_SNAPSHOT_'],
    canaryKey: 'tuf-recovery:canary:test',
    sink: {
      invalidated: (keys) => heard.push(...keys),
      flushed: () => heard.push('flushed'),
      closed: () => heard.push('closed'),
    },
    ...change,
  });
  return { reader, heard };
}

const user = { username: 'reader', password: 'p' };

test.each<[string, (key: string) => Promise<unknown>]>([
  ['set', async (key) => (await redis.client()).set(key, '2')],
  ['deleted', async (key) => (await redis.client()).del(key)],
  ['expired', async (key) => (await redis.client()).pexpire(key, 20)],
  ['set by a script', async (key) => (await redis.client()).eval("redis.call('SET', KEYS[1], '3')", 1, key)],
])('a key that was read is reported once it is %s', async (_, change) => {
  const key = 'ключ,with comma';
  await (await redis.client()).set(key, '1');
  const { reader, heard } = await open();
  const [values] = await reader.read([[key, 'absent']]);
  expect(values?.get(key)).toEqual({ kind: 'string', value: '1', ttlMs: undefined });
  expect(values?.get('absent')).toEqual({ kind: 'absent' });
  expect(reader.tracking).toEqual({ kind: 'immediate', proven: true });
  await change(key);
  await poll('the key to be reported', () => heard.includes(key));
  reader.close();
});

test('a key that was evicted is reported', async () => {
  await using small = await startRedis({ config: [['maxmemory-policy', 'allkeys-lru']] });
  const client = await small.client();
  await client.set('a', 'x');
  const { reader, heard } = await open({
    endpoint: { location: { kind: 'standalone', address: { host: small.host, port: small.port } } },
  });
  await reader.read([['a']]);
  await client.config('SET', 'maxmemory', '1');
  await client.set('b', 'y').catch(() => undefined);
  await poll('the key to be reported', () => heard.includes('a'));
  reader.close();
});

test('an emptied Redis is reported, and a marker that was never read', async () => {
  const { reader, heard } = await open();
  await (await redis.client()).set('BOOTSTRAP_alice_new', 'id');
  await poll('the marker', () => heard.includes('BOOTSTRAP_alice_new'));
  await (await redis.client()).flushall();
  await poll('the flush', () => heard.includes('flushed'));
  reader.close();
});

test('the documented user is enough', async () => {
  const endpoint = {
    location: { kind: 'standalone', address: { host: redis.host, port: redis.port } },
    ...user,
  } as const;
  const { reader, heard } = await open({ endpoint });
  expect(reader.tracking).toEqual({ kind: 'immediate', proven: true });
  await reader.read([['BOOTSTRAP_alice_x']]);
  await (await redis.client()).set('BOOTSTRAP_alice_x', '1');
  await poll('the key', () => heard.includes('BOOTSTRAP_alice_x'));
  // It may not read the lock of the server, and hears of it all the same.
  await (await redis.client()).set('LOCK_SNAPSHOT_alice_x', '1');
  await poll('the lock', () => heard.includes('LOCK_SNAPSHOT_alice_x'));
  expect(await reader.prove()).toBe(true);
  reader.close();
});

/** Stays in use, which a connection that closes itself does not. */
async function expectPolling(reader: TrackedReader, heard: Heard, why: string | RegExp): Promise<void> {
  expect(reader.tracking).toMatchObject({ kind: 'polling', why: expect.stringMatching(why) });
  await delay(300);
  const [values] = await reader.read([['BOOTSTRAP_a']]);
  expect(values?.get('BOOTSTRAP_a')).toEqual({ kind: 'absent' });
  expect(heard).toEqual([]);
  reader.close();
}

test.each([
  ['CLIENT ID', minimal.replace('+client|id ', '')],
  ['CLIENT TRACKING', minimal.replace('+client|tracking ', '')],
  ['SUBSCRIBE', minimal.replace('+subscribe ', '')],
  ['the channel', minimal.replace('&__redis__:invalidate ', '')],
])('where the ACL refuses %s keys are read by polling, and the refusal is repeated', async (_, acl) => {
  await using server = await startRedis({ users: [acl] });
  const endpoint = {
    location: { kind: 'standalone', address: { host: server.host, port: server.port } },
    ...user,
  } as const;
  const { reader, heard } = await open({ endpoint });
  await expectPolling(reader, heard, 'NOPERM');
});

test.each(
  (['swallow', 'hangUp'] as const).flatMap((kind) =>
    // The reading connection redirects, and the other one tracks what begins with a prefix.
    ['CLIENT\r\n$2\r\nID', 'BCAST', 'subscribe', 'REDIRECT'].map((text) => [kind, text] as const),
  ),
)('where a proxy answers %s to %j keys are read by polling', async (kind, text) => {
  await using proxy = await startFaultProxy({ host: redis.host, port: redis.port });
  await proxy.inject({ kind, text, direction: 'toServer' });
  const { reader, heard } = await open({
    endpoint: {
      location: { kind: 'standalone', address: { host: proxy.host, port: proxy.port } },
      commandTimeoutMs: 500,
    },
  });
  await expectPolling(reader, heard, /./);
});

test('a Redis that is gone while tracking begins is unreachable, and no case for polling', async () => {
  await using proxy = await startFaultProxy({ host: redis.host, port: redis.port });
  await proxy.inject({ kind: 'hangUp', text: '\r\n', direction: 'toServer' });
  await expect(
    open({
      endpoint: { location: { kind: 'standalone', address: { host: proxy.host, port: proxy.port } } },
    }),
  ).rejects.toMatchObject({ code: 'RedisUnreachable' });
});

test('a user that may not write the canary is tracked all the same, unproven', async () => {
  const { reader } = await open({
    canaryKey: 'not-allowed',
    endpoint: {
      location: { kind: 'standalone', address: { host: redis.host, port: redis.port } },
      ...user,
    },
  });
  expect(reader.tracking).toEqual({ kind: 'immediate', proven: false });
  reader.close();
});

test('a lost connection is reported once, and reading fails from then on', async () => {
  const proxy = await startFaultProxy({ host: redis.host, port: redis.port });
  const { reader, heard } = await open({
    endpoint: { location: { kind: 'standalone', address: { host: '127.0.0.1', port: proxy.port } } },
  });
  await reader.read([['a']]);
  await proxy.stop();
  await poll('the loss', () => heard.includes('closed'));
  expect(heard.filter((each) => each === 'closed')).toHaveLength(1);
  await expect(reader.read([['a']])).rejects.toMatchObject({ code: 'RedisUnreachable' });
});

test('thousands of keys are read in batches, each group whole', async () => {
  const client = await redis.client();
  const groups = Array.from({ length: 300 }, (_, i) => Array.from({ length: 20 }, (_, j) => `k${i}_${j}`));
  await client.mset(...groups.flat().flatMap((key) => [key, key]));
  const { reader } = await open();
  const read = await reader.read(groups);
  expect(read).toHaveLength(300);
  expect(read[299]?.get('k299_19')).toMatchObject({ value: 'k299_19' });
  reader.close();
});
