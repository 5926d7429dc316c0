import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../harness/redis.ts';

const source = readFileSync(new URL('../../src/redis/scripts/apply.lua', import.meta.url), 'utf8');
/** The same script on a Redis that can't be asked for permissions, as 6.2 can't. */
const withoutACLCheck = source.replace('if redis.acl_check_cmd then', 'if false then');

let redis: RedisServer;
let client: Redis;

beforeAll(async () => {
  redis = await startRedis();
  client = await redis.client();
});

afterAll(() => redis.stop());

const plan = {
  keys: ['lock', 'dead', 'kept', 'expiring', 'new'],
  args: ['me', '=x', 'd', '=5', 'k', '=4', 'p', '-', '=7'],
};

/** Applies a plan, one that sets, persists and deletes, as a user who lacks one command. */
async function applyWithout(
  script: string,
  command: string | undefined,
  { keys, args } = plan,
  expiring = ['expiring'],
  patterns = ['~*'],
  beside: readonly string[] = [],
) {
  await client.flushall();
  await client.mset('lock', 'me', 'dead', 'x', 'kept', '5', 'expiring', '4');
  for (const key of beside) {
    await client.set(key, 'theirs');
  }
  for (const key of expiring) {
    await client.pexpire(key, 1_000_000);
  }
  await client.acl(
    'SETUSER',
    'narrow',
    'reset',
    'on',
    '>secret',
    ...patterns,
    '+@all',
    ...(command ? [`-${command}`] : []),
  );
  const narrow = await redis.client({ username: 'narrow', password: 'secret' });
  try {
    return await narrow.eval(script, keys.length, ...keys, ...args);
  } finally {
    narrow.disconnect();
  }
}

const held = async () => ({
  values: await client.mget('lock', 'dead', 'kept', 'expiring', 'new'),
  expires: (await client.pttl('expiring')) > 0,
});

describe.each([
  ['asked for permissions (Redis 7 and later)', source],
  ['that cannot be asked (Redis 6.2)', withoutACLCheck],
])('on a Redis %s', (_, script) => {
  test.each([
    ['mset', 'new'],
    ['persist', 'expiring'],
    ['del', 'dead'],
  ])('a user without %s writes nothing at all', async (command, key) => {
    await expect(applyWithout(script, command)).rejects.toThrow(`NOPERM this user may not write ${key}`);
    expect(await held()).toEqual({ values: ['me', 'x', '5', '4', null], expires: true });
  });

  test.each([
    ['mset', { keys: ['lock', 'dead', 'expiring'], args: ['me', '=x', 'd', '=4', 'p'] }],
    ['persist', { keys: ['lock', 'dead', 'kept', 'new'], args: ['me', '=x', 'd', '=5', '=6', '-', '=7'] }],
    ['del', { keys: ['lock', 'kept', 'expiring'], args: ['me', '=5', '=6', '=4', 'p'] }],
  ])('a user without %s carries out a plan that does not need it', async (command, without) => {
    expect(await applyWithout(script, command, without)).toEqual(['applied']);
  });

  describe('a plan of which every key expires', () => {
    const expiring = { keys: ['lock', 'dead', 'expiring'], args: ['me', '=x', '=y', '=4', 'p'] };
    const run = (command: string | undefined) =>
      applyWithout(script, command, expiring, ['dead', 'expiring']);

    test('is carried out', async () => {
      expect(await run(undefined)).toEqual(['applied']);
      expect(await held()).toEqual({ values: ['me', 'y', '5', '4', null], expires: false });
    });

    test('is refused as a whole to a user without persist', async () => {
      await expect(run('persist')).rejects.toThrow('NOPERM this user may not write expiring');
      expect(await held()).toEqual({ values: ['me', 'x', '5', '4', null], expires: true });
    });
  });

  describe('a user who may use the keys of the plan alone', () => {
    const theKeys = ['lock', 'dead', 'kept', 'expiring', 'new'];
    const patterns = theKeys.map((key) => `~${key}`);
    const run = (command: string | undefined, expiring = ['expiring']) =>
      applyWithout(script, command, plan, expiring, patterns);

    test.each([[['expiring']], [['dead', 'kept', 'expiring']]])(
      'writes it when %j expire',
      async (expiring) => {
        expect(await run(undefined, expiring)).toEqual(['applied']);
        expect(await held()).toMatchObject({ values: ['me', null, '5', '4', '7'], expires: false });
      },
    );

    test.each([[['expiring']], [['dead', 'kept', 'expiring']]])(
      'and may not persist writes nothing at all when %j expire',
      async (expiring) => {
        await expect(run('persist', expiring)).rejects.toThrow('NOPERM this user may not write expiring');
        expect(await held()).toEqual({ values: ['me', 'x', '5', '4', null], expires: true });
      },
    );

    test('and may not delete writes nothing at all', async () => {
      await expect(run('del')).rejects.toThrow('NOPERM this user may not write dead');
      expect(await held()).toEqual({ values: ['me', 'x', '5', '4', null], expires: true });
    });
  });

  test('a user who may do everything writes everything', async () => {
    expect(await applyWithout(script, undefined)).toEqual(['applied']);
    expect(await held()).toEqual({ values: ['me', null, '5', '4', '7'], expires: false });
  });
});

describe('on a Redis that cannot be asked, where commands are tried on a key that should not be there', () => {
  const expiring = { keys: ['lock', 'dead', 'expiring'], args: ['me', '=x', 'd', '=4', 'p'] };

  test.each([
    ['del', 'dead:me'],
    ['persist', 'expiring:me'],
    [undefined, 'dead:me'],
    [undefined, 'expiring:me'],
  ])('a user without %s, and %s is there: nothing is written, and it stays', async (command, key) => {
    const names = ['dead', 'expiring', key];
    const applied = applyWithout(withoutACLCheck, command, expiring, names, undefined, [key]);
    await expect(applied).rejects.toThrow('NOPERM this user may not write');
    expect(await held()).toEqual({ values: ['me', 'x', '5', '4', null], expires: true });
    expect(await client.get(key)).toBe('theirs');
    expect(await client.pttl(key)).toBeGreaterThan(0);
  });
});
