import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RedisStateStore } from '../../src/redis/redis-state-store.ts';
import type { StateStore } from '../../src/redis/state-store.ts';
import { freePort } from '../harness/free-port.ts';
import { type SentinelTopology, startSentinels } from '../harness/sentinel.ts';

const never = new AbortController().signal;
const none = { replicas: 0, timeoutMs: 0 };
const lock = { key: 'lock', owner: 'me', ttlMs: 60_000 };

let topology: SentinelTopology;
let store: StateStore;

beforeEach(async () => {
  topology = await startSentinels({ password: 'secret', sentinelPassword: 'watch' });
  store = new RedisStateStore({
    location: { kind: 'sentinel', sentinels: topology.sentinels, master: topology.name, password: 'watch' },
    password: 'secret',
  });
});

afterEach(async () => {
  await store.close();
  await topology.stop();
});

describe('Redis behind Sentinel', () => {
  test('the primary is found, written to, and a replica confirms', async () => {
    await store.lock(lock, [], { replaceWrongType: false, signal: never });
    const change = { key: 'a', before: undefined, act: { set: '1' } };
    const { result, confirmed } = await store.apply(lock, [change], ['a'], {
      replicas: 1,
      timeoutMs: 20_000,
    });
    expect(result).toEqual({ kind: 'applied' });
    expect(confirmed).toBe(1);
  });

  test('after a failover the next call goes to the new primary, which has all that was confirmed', async () => {
    await store.lock(lock, [], { replaceWrongType: false, signal: never });
    const change = { key: 'a', before: undefined, act: { set: '1' } };
    await store.apply(lock, [change], [], { replicas: 1, timeoutMs: 20_000 });
    const promoted = await topology.failOver();

    const { values } = await store.observe(['a', 'lock'], never);
    expect(values.get('a')).toMatchObject({ value: '1' });
    expect(values.get('lock')).toMatchObject({ value: 'me' });
    const { result } = await store.apply(
      lock,
      [{ key: 'b', before: undefined, act: { set: '2' } }],
      [],
      none,
    );
    expect(result).toEqual({ kind: 'applied' });
    expect(await (await promoted.client()).get('b')).toBe('2');
  });
});

test('Sentinels that do not answer are no loss: transient', async () => {
  const unwatched = new RedisStateStore({
    location: {
      kind: 'sentinel',
      sentinels: [{ host: '127.0.0.1', port: await freePort() }],
      master: topology.name,
    },
  });
  await expect(unwatched.observe(['a'], never)).rejects.toMatchObject({ code: 'RedisUnreachable' });
});
