import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisEndpointFromURL } from '../../src/redis/endpoint.ts';
import { refusedCommands } from '../../src/redis/refused-commands.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';

const signal = new AbortController().signal;

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

/** What Redis says to a user with these rights about writing `a_app` and `b_app`. */
async function refusedTo(...rules: readonly string[]) {
  const client = await redis.client();
  await client.acl('SETUSER', 'narrow', 'reset', 'on', '>secret', ...rules);
  const url = redis.url.replace('redis://', 'redis://narrow:secret@');
  return await refusedCommands(redisEndpointFromURL(url), ['a_app', 'b_app'], signal);
}

test('nothing is refused to a user who may do everything, and nothing was written to find out', async () => {
  expect(await refusedTo('~*', '+@all')).toEqual([]);
  expect(await (await redis.client()).dbsize()).toBe(0);
});

describe.each(['MSET', 'SET', 'PERSIST', 'DEL', 'PEXPIRE'])('a user without %s', (command) => {
  test('is refused it, with the first key, and nothing else', async () => {
    expect(await refusedTo('~*', '+@all', `-${command}`)).toEqual([{ command, key: 'a_app' }]);
  });
});

test('keys that may only be read are named for each command', async () => {
  expect(await refusedTo('~a_*', '%R~b_*', '+@all')).toEqual(
    ['MSET', 'SET', 'PERSIST', 'DEL', 'PEXPIRE'].map((command) => ({ command, key: 'b_app' })),
  );
});

test('a Redis that is asked without EVAL_RO says nothing about permissions', async () => {
  await using old = await startRedis({ config: [['rename-command', 'EVAL_RO ""']] });
  expect(await refusedCommands(redisEndpointFromURL(old.url), ['a'], signal)).toBeUndefined();
});

test('a user who may not even read is an error, not a list', async () => {
  await expect(refusedTo('~*', '+@all', '-eval_ro')).rejects.toMatchObject({ code: 'RedisNoPermission' });
});
