import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { redisEndpointFromURL } from '../../src/redis/endpoint.ts';
import { RedisStateStore } from '../../src/redis/redis-state-store.ts';
import type { Change, Lock, StateStore } from '../../src/redis/state-store.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';

const lock: Lock = { key: 'lock', owner: 'me', ttlMs: 60_000 };
const none = { replicas: 0, timeoutMs: 0 };
const never = new AbortController().signal;
const any = { sameConnection: false };
const options = { replaceWrongType: false, signal: never };

let redis: RedisServer;
let client: Redis;
let store: StateStore;

beforeAll(async () => {
  redis = await startRedis();
  client = await redis.client();
  // A slow machine is no failure: reading 20,000 keys takes it longer than a controller would wait.
  store = new RedisStateStore({ ...redisEndpointFromURL(redis.url), commandTimeoutMs: 120_000 });
});

afterAll(async () => {
  await store.close();
  await redis.stop();
});

beforeEach(async () => {
  await client.flushall();
});

describe('observe', () => {
  test('distinguishes absent, empty, value, TTL and wrong type', async () => {
    await client.mset('empty', '', 'value', 'v', 'ü', '☃');
    await client.set('expiring', 'v', 'PX', 60_000);
    await client.lpush('list', 'x');
    await client.hset('hash', 'f', 'x');
    const { values } = await store.observe(
      ['absent', 'empty', 'value', 'ü', 'expiring', 'list', 'hash'],
      never,
    );

    expect([...values]).toEqual([
      ['absent', { kind: 'absent' }],
      ['empty', { kind: 'string', value: '', ttlMs: undefined }],
      ['value', { kind: 'string', value: 'v', ttlMs: undefined }],
      ['ü', { kind: 'string', value: '☃', ttlMs: undefined }],
      ['expiring', { kind: 'string', value: 'v', ttlMs: expect.any(Number) }],
      ['list', { kind: 'wrongType', type: 'list' }],
      ['hash', { kind: 'wrongType', type: 'hash' }],
    ]);
  });

  test("reads 20,000 keys in one trip, beyond the limit of Lua's unpack", async () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `key-${i}`);
    await client.mset(new Map(keys.map((key) => [key, key])));
    const { values } = await store.observe(keys, never);
    expect([...values].every(([key, held]) => held.kind === 'string' && held.value === key)).toBe(true);
    expect(values.size).toBe(20_000);
  });

  test('reports version, role and what a person should mend', async () => {
    const { server } = await store.observe([], never);
    expect(server.version).toMatch(/^\d+\.\d+/);
    expect(server.role).toBe('master');
    expect(server.warnings.map(({ code }) => code)).toEqual(['RedisNotPersistent']);
    // Its clock advances between the two.
    expect(await store.facts(never)).toEqual({ ...server, time: expect.any(Date) });
  });
});

describe('a search for records', () => {
  const search = { unlessPresent: ['there', 'gone'], pattern: 'task:*', containing: ['"a.b"', '"c"'] };
  const found = async (more: Partial<typeof search> = {}) =>
    (await store.observe([], never, { ...search, ...more })).records.toSorted();

  test('finds strings under the pattern that contain one of the texts, each once', async () => {
    await client.mset(
      'there',
      '1',
      'task:1',
      'x "a.b"',
      'task:2',
      '"c" "a.b"',
      'task:3',
      '"axb"',
      'job:4',
      '"c"',
    );
    await client.hset('task:5', '"c"', '"c"');
    expect(await found()).toEqual(['"c" "a.b"', 'x "a.b"']);
  });

  test.each([[['there', 'gone']], [['gone', 'there']], [['gone']]])(
    'of %j one is missing: it searches',
    async (unlessPresent) => {
      await client.mset('there', '1', 'task:1', '"c"');
      expect(await found({ unlessPresent })).toEqual(['"c"']);
    },
  );

  test('makes no search while every key is there, or none was named', async () => {
    await client.mset('there', '1', 'gone', '1', 'task:1', '"c"');
    await client.config('RESETSTAT');
    expect(await found()).toEqual([]);
    expect(await found({ unlessPresent: [] })).toEqual([]);
    expect(await client.info('commandstats')).not.toContain('cmdstat_scan:');
  });

  test('reads values of 4 KiB and no longer ones, and 64 for each text', async () => {
    const long = '"c"'.padEnd(4_096);
    await client.mset('task:1', long, 'task:2', `${long} `);
    expect(await found()).toEqual([long]);
    await client.mset(new Map(Array.from({ length: 70 }, (_, i) => [`task:a${i}`, `"a.b" ${i}`])));
    const records = await found();
    expect(records.filter((text) => text.startsWith('"a.b"'))).toHaveLength(64);
    expect(records).toContain(long);
  });

  test('ends after 20 SCANs of a large Redis, and after the last page of a small one', async () => {
    const scans = async () => {
      await client.config('RESETSTAT');
      await found();
      return /cmdstat_scan:calls=(\d+)/.exec(await client.info('commandstats'))?.[1];
    };
    expect(await scans()).toBe('1');
    await client.mset(new Map(Array.from({ length: 40_000 }, (_, i) => [`key-${i}`, ''])));
    expect(await scans()).toBe('20');
  });
});

describe('lock', () => {
  test('is taken once; the other one gets the name of the holder', async () => {
    expect(await store.lock(lock, [], options)).toMatchObject({ acquired: true, holder: 'me' });
    expect(await store.lock({ ...lock, owner: 'you' }, [], options)).toMatchObject({
      acquired: false,
      holder: 'me',
    });
  });

  test('is re-entered by the same owner, with a new life', async () => {
    await client.set('lock', 'me', 'PX', 20_000);
    expect(await store.lock(lock, [], options)).toMatchObject({ acquired: true });
    expect(await client.pttl('lock')).toBeGreaterThan(30_000);
  });

  test('passes from one attempt of a task to the next, and the former one, were it only paused, writes nothing more', async () => {
    const first = { ...lock, owner: 'task/1', task: 'task' };
    const second = { ...lock, owner: 'task/2', task: 'task' };
    expect(await store.lock(first, [], options)).toMatchObject({ acquired: true });
    expect(await store.lock(second, [], options)).toMatchObject({ acquired: true, holder: 'task/2' });
    const change: Change = { key: 'a', before: undefined, act: { set: '1' } };
    expect((await store.apply(first, [change], [], none)).result).toEqual({
      kind: 'lockLost',
      holder: 'task/2',
    });
    expect(await store.renew(first)).toBe(false);
    expect(await store.release(first, undefined, any)).toBe(false);
    expect(await client.exists('a')).toBe(0);
    expect(await store.lock({ ...lock, owner: 'tas/3', task: 'tas' }, [], options)).toMatchObject({
      acquired: false,
    });
    expect(await store.release(first, undefined, { ...any, anyAttempt: true })).toBe(true);
  });

  test('reads behind the lock, the lock included', async () => {
    await client.set('a', '1');
    const { values } = await store.lock(lock, ['a', 'lock'], options);
    expect(values.get('a')).toMatchObject({ value: '1' });
    expect(values.get('lock')).toMatchObject({ value: 'me' });
  });

  test('that is no string names no holder, and is replaced only on request', async () => {
    await client.lpush('lock', 'x');
    expect(await store.lock(lock, [], options)).toMatchObject({ acquired: false, holder: undefined });
    expect(await client.type('lock')).toBe('list');
    expect(await store.lock(lock, [], { ...options, replaceWrongType: true })).toMatchObject({
      acquired: true,
    });
  });

  test('is renewed and released by its owner alone', async () => {
    await client.set('lock', 'you', 'PX', 60_000);
    expect(await store.renew(lock)).toBe(false);
    expect(await store.release(lock, undefined, any)).toBe(false);
    expect(await client.get('lock')).toBe('you');

    await client.set('lock', 'me', 'PX', 20_000);
    expect(await store.renew(lock)).toBe(true);
    expect(await client.pttl('lock')).toBeGreaterThan(30_000);
    expect(await store.release(lock, { key: 'task:1', value: '{}', ttlMs: 5_000 }, any)).toBe(true);
    expect(await client.exists('lock')).toBe(0);
    expect(await client.pttl('task:1')).toBeGreaterThan(0);
  });

  test('that ran out, or is no string, is neither renewed nor released', async () => {
    const anyAttempt = { ...any, anyAttempt: true };
    expect(await store.renew(lock)).toBe(false);
    expect(await store.release(lock, undefined, any)).toBe(false);
    expect(await store.release(lock, undefined, anyAttempt)).toBe(false);
    await client.lpush('lock', 'me');
    expect(await store.renew(lock)).toBe(false);
    expect(await store.release(lock, undefined, any)).toBe(false);
    expect(await store.release(lock, undefined, anyAttempt)).toBe(false);
    expect(await client.type('lock')).toBe('list');
    expect(await client.pttl('lock')).toBe(-1);
  });

  test.each([
    ['the task itself', 'task', true],
    ['an attempt of the task', 'task/2', true],
    ['a task whose name begins like it', 'task2/1', false],
    ['a task whose name it begins with', 'tas/1', false],
  ])('held by %s: released for all attempts of the task or not at all', async (_, holder, ours) => {
    await client.set('lock', holder, 'PX', 60_000);
    const asked = { ...lock, owner: 'task/1', task: 'task' };
    expect(await store.release(asked, undefined, { ...any, anyAttempt: true })).toBe(ours);
    expect(await client.get('lock')).toBe(ours ? null : holder);
  });
});

describe('apply writes everything or nothing', () => {
  beforeEach(async () => {
    await client.set('lock', 'me', 'PX', 60_000);
  });

  const set = (key: string, before: Change['before'], value: string): Change => ({
    key,
    before,
    act: { set: value },
  });

  test('sets, persists, deletes and keeps in one step, and reads back behind it', async () => {
    await client.mset('old', '1', 'kept', '2', 'dead', '3');
    await client.set('expiring', '4', 'PX', 60_000);
    await client.lpush('list', 'x');
    const changes: readonly Change[] = [
      { key: 'dead', before: { value: '3' }, act: 'delete' },
      set('old', { value: '1' }, '10'),
      { key: 'expiring', before: { value: '4' }, act: 'persist' },
      set('list', { wrongType: 'list' }, '30'),
      { key: 'kept', before: { value: '2' }, act: 'keep' },
      set('new', undefined, '20'),
    ];
    const { result, values } = await store.apply(
      lock,
      changes,
      ['dead', 'old', 'expiring', 'list', 'kept', 'new'],
      none,
    );

    expect(result).toEqual({ kind: 'applied' });
    expect(
      [...values.values()].map((held) => (held.kind === 'string' ? [held.value, held.ttlMs] : held.kind)),
    ).toEqual([
      'absent',
      ['10', undefined],
      ['4', undefined],
      ['30', undefined],
      ['2', undefined],
      ['20', undefined],
    ]);
  });

  test('a value that is set has no TTL, whatever it had before', async () => {
    await client.set('a', 'x', 'PX', 60_000);
    await store.apply(lock, [set('a', { value: 'x' }, 'y')], [], none);
    expect(await client.pttl('a')).toBe(-1);
  });

  const arrangements: readonly (readonly [string, Change['before'], () => Promise<void>])[] = [
    ['absent', undefined, async () => {}],
    ['another value', { value: '2' }, async () => void (await client.set('b', '1'))],
    ['a string instead of a list', { wrongType: 'list' }, async () => void (await client.set('b', '1'))],
    ['a list instead of a string', { value: '1' }, async () => void (await client.lpush('b', 'x'))],
    ['a value instead of nothing', undefined, async () => void (await client.set('b', ''))],
    ['nothing instead of an empty value', { value: '' }, async () => {}],
  ];
  test.each(arrangements)('%s: nothing is written and the key is named', async (found, before, arrange) => {
    await arrange();
    const expected = found === 'absent' ? { value: '1' } : before;
    const written = set('a', undefined, '1');
    const differs: Change = { key: 'b', before: expected, act: 'keep' };
    for (const changes of [
      [written, differs],
      [differs, written],
    ]) {
      const { result } = await store.apply(lock, changes, [], none);
      expect(result).toEqual({ kind: 'mismatch', key: 'b' });
      expect(await client.exists('a')).toBe(0);
    }
  });

  test('a lock of another owner fences everything', async () => {
    await client.set('lock', 'you');
    expect(await store.apply(lock, [set('a', undefined, '1')], [], none)).toMatchObject({
      result: { kind: 'lockLost', holder: 'you' },
    });
    expect(await client.exists('a')).toBe(0);
  });

  test('a lock that ran out, or is no string, fences everything', async () => {
    await client.del('lock');
    expect(await store.apply(lock, [set('a', undefined, '1')], [], none)).toMatchObject({
      result: { kind: 'lockLost', holder: undefined },
    });
    await client.lpush('lock', 'x');
    expect(await store.apply(lock, [set('a', undefined, '1')], [], none)).toMatchObject({
      result: { kind: 'lockLost', holder: undefined },
    });
    expect(await client.exists('a')).toBe(0);
  });

  test('16,384 keys in one step; one that differs undoes them all', async () => {
    const keys = Array.from({ length: 16_384 }, (_, i) => `role-${i}`);
    const changes = keys.map((key) => set(key, undefined, '90'));
    const bad: Change = { key: 'last', before: { value: 'x' }, act: 'keep' };
    expect(await store.apply(lock, [...changes, bad], [], none)).toMatchObject({
      result: { kind: 'mismatch', key: 'last' },
    });
    expect(await client.dbsize()).toBe(1);
    expect(await store.apply(lock, changes, [], none)).toMatchObject({ result: { kind: 'applied' } });
    expect(await client.dbsize()).toBe(16_385);
  });
});

test('every method is one round trip on an open connection', async () => {
  const monitor = await (await redis.client()).monitor();
  const sent: string[] = [];
  monitor.on('monitor', (_time: string, args: readonly string[], source: string) => {
    if (source !== 'lua') {
      sent.push(String(args[0]).toUpperCase());
    }
  });
  await store.observe(['a'], never);
  await store.lock(lock, ['a'], options);
  await store.apply(lock, [], ['a'], { replicas: 1, timeoutMs: 1 });
  await store.release(lock, { key: 'task:1', value: '{}', ttlMs: 5_000 }, any);
  await client.ping();
  await expect.poll(() => sent.includes('PING')).toBe(true);
  monitor.disconnect();
  expect(sent.slice(0, sent.indexOf('PING'))).toEqual([
    'EVAL_RO',
    'INFO',
    'EVAL',
    'EVAL_RO',
    'EVAL',
    'WAIT',
    'EVAL_RO',
    'SET',
    'EVAL',
  ]);
});

test('a Redis without EVAL_RO, as version 6 is, is read with EVAL', async () => {
  await using old = await startRedis({ config: [['rename-command', 'EVAL_RO ""']] });
  const oldStore = new RedisStateStore(redisEndpointFromURL(old.url));
  await (await old.client()).set('a', '1');
  expect((await oldStore.observe(['a'], never)).values.get('a')).toMatchObject({ value: '1' });
  expect(await oldStore.lock(lock, ['a'], options)).toMatchObject({ acquired: true });
  await oldStore.close();
});

test('a release that must follow a proof is not sent through another connection', async () => {
  await client.set('lock', 'me', 'PX', 60_000);
  await store.observe(['a'], never);
  await client.call('CLIENT', 'KILL', 'TYPE', 'normal');
  await expect
    .poll(() =>
      store.release(lock, undefined, { sameConnection: true }).then(
        () => 'sent',
        ({ code }) => code,
      ),
    )
    .toBe('RedisUnreachable');
  expect(await client.get('lock')).toBe('me');
  expect(await store.release(lock, undefined, any)).toBe(true);
});

test('a store that was closed, or whose idle connection was dropped, opens a new one', async () => {
  await store.close();
  expect((await store.observe(['a'], never)).values.size).toBe(1);
  await client.call('CLIENT', 'KILL', 'TYPE', 'normal');
  await expect
    .poll(async () => (await store.observe(['a'], never).catch(() => undefined))?.values.size)
    .toBe(1);
});
