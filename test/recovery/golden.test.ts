import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import type { StateStore } from '../../src/redis/state-store.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import { GOLDEN_APPS, type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { requestFor, storeAt } from './fixtures/engine.ts';

const DAY_MS = 86_400_000;

let redis: RedisServer;
let client: Redis;
let store: StateStore;

beforeAll(async () => {
  redis = await startRedis();
  client = await redis.client();
  store = storeAt(redis.url);
});

afterAll(async () => {
  await store.close();
  await redis.stop();
});

beforeEach(async () => {
  await client.flushall();
});

/** Everything Redis holds, values and times to live, for "nothing was written". */
async function dump(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const key of await client.keys('*')) {
    found[key] = `${await client.type(key)} ${await client.get(key)} ${await client.expiretime(key)}`;
  }
  return found;
}

describe.each(GOLDEN_APPS)('app %s, written by the real server', (name) => {
  let app: GoldenApp;
  let directory: TemporaryDirectory;
  let source: DirectorySource;

  beforeAll(async () => {
    app = await goldenApp(name);
    directory = await temporaryDirectory('golden');
    await app.writeTo(directory.path);
    source = new DirectorySource(directory.path);
  });

  afterAll(async () => {
    await directory[Symbol.asyncDispose]();
  });

  test.each([0, 1.5, 2.5, 20])(
    'every setting comes back exactly after full loss, %d days later',
    async (days) => {
      const taskID = randomUUID();
      const now = new Date(app.newest.getTime() + days * DAY_MS);
      const outcome = await runAttempt(requestFor({ app, source, store }, { taskID, now }));

      expect(outcome.succeeded).toMatchObject({ reason: 'Recovered' });
      expect(outcome).toMatchObject({
        taskID,
        state: 'FullLoss',
        retry: 'none',
        error: undefined,
        accepted: { reason: 'RecoveryRequired' },
        trustVerified: { reason: 'MetadataVerified' },
        stateVerified: { reason: 'Consistent' },
        verification: { missingKeys: 0, invalidKeys: 0 },
      });
      expect(await app.differences(client, taskID)).toEqual([]);
    },
  );

  test('nothing else in Redis changes but the record of the task; the lock is gone', async () => {
    await client.set('BOOTSTRAP_admin_other', 'someone-else');
    const taskID = randomUUID();
    await runAttempt(requestFor({ app, source, store }, { taskID }));

    const own = [...app.settings.keys()];
    const keys = await client.keys('*');
    expect(keys.sort()).toEqual([...own, 'BOOTSTRAP_admin_other', `task:${taskID}`].sort());
    expect(await client.get('BOOTSTRAP_admin_other')).toBe('someone-else');
    expect(JSON.parse((await client.get(`task:${taskID}`)) ?? '')).toEqual({
      state: 'SUCCESS',
      result: {
        message: 'Bootstrap recovery completed successfully',
        status: true,
        task: 'bootstrap_recovery',
        last_update: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
      },
    });
    expect(await client.ttl(`task:${taskID}`)).toBeGreaterThan(6 * 86_400);
  });

  test('a second run finds nothing to do and writes nothing', async () => {
    await runAttempt(requestFor({ app, source, store }));
    const before = await dump();
    const outcome = await runAttempt(requestFor({ app, source, store }));

    expect(outcome.succeeded.reason).toBe('AlreadyConsistent');
    expect(outcome.accepted?.reason).toBe('NotRequired');
    expect(outcome.state).toBe('Healthy');
    expect(await dump()).toEqual(before);
  });

  test('the healthy app that the real server left is consistent, and nothing is written', async () => {
    await app.restoreTo(client);
    const before = await dump();
    const outcome = await runAttempt(requestFor({ app, source, store }));

    expect(outcome.succeeded.reason).toBe('AlreadyConsistent');
    expect(
      outcome.plan?.actions.every(({ kind, source: from }) => kind === 'Keep' && from === 'Survivor'),
    ).toBe(true);
    expect(await dump()).toEqual(before);
  });

  test('every rebuilt value says where it comes from', async () => {
    const outcome = await runAttempt(requestFor({ app, source, store }));
    const sources = new Map(
      outcome.plan?.actions.map(({ key, source: from, confidence }) => [key, `${from} ${confidence}`]),
    );
    const suffix = `admin_${app.app}`;
    expect(sources.get(`SNAPSHOT_EXPIRATION_${suffix}`)).toBe('Inferred high');
    expect(sources.get(`ROOT_THRESHOLD_${suffix}`)).toBe('Metadata exact');
    expect(sources.get(`BOOTSTRAP_${suffix}`)).toBe('Default exact');
    expect(sources.get(`TARGETS_ONLINE_KEY_${suffix}`)).toBe('Default high');
  });
});

test('settings that were changed and never signed with cannot be known: the lifetimes of the last signing come back', async () => {
  const app = await goldenApp('config', 'configured-not-signed');
  await using directory = await temporaryDirectory('golden');
  await app.writeTo(directory.path);
  const source = new DirectorySource(directory.path);
  const outcome = await runAttempt(requestFor({ app, source, store }));

  expect(outcome.succeeded.reason).toBe('Recovered');
  expect(await client.mget('TARGETS_EXPIRATION_admin_config', 'SNAPSHOT_EXPIRATION_admin_config')).toEqual([
    '30',
    '7',
  ]);
});

test('settings that were captured after the change are exact even if nothing was signed with them', async () => {
  const app = await goldenApp('config', 'configured-not-signed');
  await using directory = await temporaryDirectory('golden');
  await app.writeTo(directory.path);
  const source = new DirectorySource(directory.path);
  const taskID = randomUUID();
  const captured = { capturedAt: new Date(app.newest.getTime() + 60_000), values: app.settings };
  const outcome = await runAttempt(requestFor({ app, source, store }, { taskID, captured }));

  expect(outcome.succeeded.reason).toBe('Recovered');
  expect(await app.differences(client, taskID)).toEqual([]);
});
