import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { requestFor, storeAt } from './fixtures/engine.ts';
import { dumpOf, healthyWorld, type World } from './fixtures/world.ts';

/** The users of the reference page, as Redis reads them. */
async function documentedUsers(): Promise<string[]> {
  const page = await readFile('docs/reference/redis-acl.md', 'utf8');
  const blocks = [...page.matchAll(/^```acl\n(?<user>[^`]*)```$/gm)];
  return blocks.map(({ groups }) => (groups?.['user'] ?? '').trim().replace('>CHANGE-ME', '>secret'));
}

const OTHER = 'f196a09a-165f-4042-a91d-9ef917c1a830';

let redis: RedisServer;
let client: Redis;
let app: GoldenApp;

beforeAll(async () => {
  redis = await startRedis({ users: await documentedUsers() });
  client = await redis.client();
  app = await goldenApp('deleg');
});

afterAll(async () => {
  await redis.stop();
});

let world: World;

beforeEach(async () => {
  world = await healthyWorld(app, client);
});

async function runAs(user: string, overrides: Parameters<typeof requestFor>[1] = {}) {
  await using directory = await world.publish();
  const store = storeAt(`${redis.url.replace('redis://', `redis://${user}:secret@`)}/0`);
  try {
    return await runAttempt(
      requestFor({ app, source: new DirectorySource(directory.path), store }, overrides),
    );
  } finally {
    await store.close();
  }
}

describe('under exactly the documented user', () => {
  const damages: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['full loss', () => client.flushall()],
    ['one setting missing', () => client.del(world.key('SNAPSHOT_EXPIRATION'))],
    ['a setting that would expire', () => client.expire(world.key('TARGETS_EXPIRATION'), 1_000)],
    [
      'a dead bootstrap with its pre-lock',
      () => client.mset(world.key('BOOTSTRAP'), `pre-${OTHER}`, `pre-${OTHER}`, OTHER),
    ],
    [
      'a setting of a wrong type',
      async () => {
        await client.del(world.key('ROOT_THRESHOLD'));
        await client.lpush(world.key('ROOT_THRESHOLD'), 'x');
      },
    ],
    [
      'a staged ceremony beside a lost marker',
      async () => {
        await client.set(world.key('NIGHTLY_SIGNING'), '{"signed":{}}', 'EX', 100_000);
        await client.del(world.key('BOOTSTRAP'));
      },
    ],
  ];

  test.each(damages)('%s is repaired', async (_, damage) => {
    await damage();
    const outcome = await runAs('tuf-recovery', { overrides: { replaceWrongType: true } });
    expect(outcome.succeeded).toMatchObject({ reason: 'Recovered' });
    expect((await runAs('tuf-recovery')).succeeded.reason).toBe('AlreadyConsistent');
    await client.del(world.key('NIGHTLY_SIGNING'));
    expect(await app.differences(client, (await client.get(world.key('BOOTSTRAP'))) ?? '')).toEqual([]);
  });

  test('nothing was refused that the run would have needed', async () => {
    await client.flushall();
    await client.acl('LOG', 'RESET');
    await runAs('tuf-recovery', { minReplicas: 0 });
    expect(await client.acl('LOG')).toEqual([]);
  });

  test('Redis itself would refuse to write a ceremony, or a key of another program', async () => {
    for (const key of [world.key('TARGETS_SIGNING'), 'LOCK_SNAPSHOT_admin_deleg', 'cache:1', 'slack']) {
      expect(await client.acl('DRYRUN', 'tuf-recovery', 'SET', key, 'x')).not.toBe('OK');
    }
    expect(await client.acl('DRYRUN', 'tuf-recovery', 'FLUSHALL')).not.toBe('OK');
    expect(await client.acl('DRYRUN', 'tuf-recovery', 'KEYS', '*')).not.toBe('OK');
  });
});

describe('under the documented user of a target that is only verified', () => {
  test('a loss is found and nothing can be written', async () => {
    await client.flushall();
    const before = await dumpOf(client);
    expect((await runAs('tuf-verify', { mode: 'Verify' })).succeeded.reason).toBe('DriftDetected');
    expect((await runAs('tuf-verify')).succeeded.reason).toBe('RedisAccessDenied');
    expect(await dumpOf(client)).toEqual(before);
  });

  test('a healthy app is verified', async () => {
    expect((await runAs('tuf-verify', { mode: 'Verify' })).succeeded.reason).toBe('Verified');
  });
});

test('a user without INFO recovers, and the report says what was not checked', async () => {
  await client.acl('SETUSER', 'quiet', 'reset', 'on', '>secret', '~*', '+@all', '-info');
  await client.flushall();
  const taskID = randomUUID();
  const outcome = await runAs('quiet', { taskID });
  expect(outcome.succeeded.reason).toBe('Recovered');
  expect(outcome.findings.map(({ code }) => code)).toContain('RedisFactsWithheld');
});
