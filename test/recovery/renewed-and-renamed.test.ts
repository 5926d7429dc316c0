import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/recovery/outcome.ts';
import { runAttempt } from '../../src/recovery/run.ts';
import type { StateStore } from '../../src/redis/state-store.ts';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { REFERENCE_TIME, Repository, type RepositoryOptions } from '../tuf/generator/repository.ts';
import { requestFor, storeAt } from './fixtures/engine.ts';

const BUCKET = 'updates';
const DAY_MS = 86_400_000;

let s3: S3Server;
let bucket: S3Bucket;
let redis: RedisServer;
let client: Redis;
let store: StateStore;
let recorded: GoldenApp;

beforeAll(async () => {
  recorded = await goldenApp('simple');
  s3 = await startS3({ buckets: [BUCKET] });
  redis = await startRedis();
  client = await redis.client();
  store = storeAt(redis.url);
  const { credentials, endpoint, region } = s3;
  bucket = await S3Bucket.open({
    bucket: BUCKET,
    access: { credentials: { kind: 'static', ...credentials }, endpoint, region, forcePathStyle: true },
  });
});

afterAll(async () => {
  bucket?.destroy();
  await store?.close();
  await redis?.stop();
  await s3?.stop();
});

beforeEach(async () => {
  await client.flushall();
});

const at = (days: number): string =>
  `${new Date(REFERENCE_TIME.getTime() + days * DAY_MS).toISOString().slice(0, 19)}Z`;

/** Signs a repository at the reference time and puts it where the server has that app. */
async function publish(
  path: string,
  options: RepositoryOptions,
  change: (repository: Repository) => void = () => {},
): Promise<{ readonly path: string; readonly pin: string }> {
  const repository = new Repository({ expires: at(30), ...options });
  change(repository);
  const files = repository.seal();
  await s3.put(
    BUCKET,
    [...files].map(([name, body]) => ({
      key: `tuf_metadata/${path}/${name}`,
      body,
      lastModified: REFERENCE_TIME,
    })),
  );
  const root = files.get('1.root.json') ?? '';
  return { path, pin: createHash('sha256').update(root).digest('hex') };
}

async function recover({ path, pin }: { readonly path: string; readonly pin: string }): Promise<Outcome> {
  const [adminName = '', appName = ''] = path.split('/');
  return await runAttempt(
    requestFor(
      { app: recorded, source: bucket.source(`tuf_metadata/${path}/`), store },
      {
        app: { adminName, appName },
        trust: { anchor: { kind: 'sha256', sha256: pin }, policy: { mode: 'recovery' } },
        now: new Date(REFERENCE_TIME.getTime() + 3_600_000),
      },
    ),
  );
}

/** The settings of one app: key without its suffix → value. */
async function settings(path: string): Promise<Record<string, string | null>> {
  const suffix = `_${path.replace('/', '_')}`;
  const keys = (await client.keys('*')).filter((key) => key.endsWith(suffix)).sort();
  const values = keys.length === 0 ? [] : await client.mget(keys);
  return Object.fromEntries(keys.map((key, index) => [key.slice(0, -suffix.length), values[index] ?? null]));
}

describe('a root that was renewed with the same keys', () => {
  test('is followed to its newest version, and a recovery gives what the server would have', async () => {
    const app = await publish('alice/renewed', { roots: 3 }, ({ roots }) => {
      for (const [index, root] of roots.entries()) {
        root.signed['expires'] = at(365 * (index + 1));
      }
    });
    const outcome = await recover(app);
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(outcome.trusted?.heads.root).toBe(3);
    expect(await settings(app.path)).toMatchObject({
      // What bootstrap wrote: no renewal refreshes it.
      ROOT_EXPIRATION: '365',
      ROOT_THRESHOLD: '1',
      ROOT_NUM_KEYS: '1',
      TARGETS_EXPIRATION: '30',
    });
    // Nothing is left to change.
    expect((await recover(app)).succeeded.reason).toBe('AlreadyConsistent');
  });
});

describe('an app that was renamed', () => {
  test('was never bootstrapped under its new name, which says where its files are', async () => {
    const app = await publish('bob/former', {});
    await recover(app);
    const before = await settings(app.path);
    const outcome = await recover({ ...app, path: 'bob/present' });
    expect(outcome).toMatchObject({ state: 'NeverBootstrapped', accepted: { reason: 'NoPersistedRoot' } });
    expect(outcome.succeeded.message).toContain('This admin has the apps "former"');
    expect(outcome.succeeded.message).toContain(
      'an app that was renamed has its files under its former name',
    );
    expect(await settings('bob/present')).toEqual({});
    expect(await settings(app.path)).toEqual(before);
  });
});

describe('admins whose names differ by case', () => {
  test('are two: each recovery writes settings of its own, and touches none of the other', async () => {
    const upper = await publish('Carol/tuf', { seed: 'upper', keysPerRole: 3, threshold: 2 });
    const lower = await publish('carol/tuf', { seed: 'lower' });
    expect((await recover(upper)).succeeded.reason).toBe('Recovered');
    const before = await settings(upper.path);
    expect(before).toMatchObject({ ROOT_THRESHOLD: '2', ROOT_NUM_KEYS: '3' });
    expect(await settings(lower.path)).toEqual({});
    expect((await recover(lower)).succeeded.reason).toBe('Recovered');
    expect(await settings(lower.path)).toMatchObject({ ROOT_THRESHOLD: '1', ROOT_NUM_KEYS: '1' });
    expect(await settings(upper.path)).toEqual(before);
  });

  test('and the root of one is not believed for the other', async () => {
    const upper = await publish('Dave/tuf', { seed: 'upper' });
    const lower = await publish('dave/tuf', { seed: 'lower' });
    expect((await recover({ ...lower, pin: upper.pin })).succeeded.reason).toBe('TrustVerificationFailed');
    expect(await client.keys('*')).toEqual([]);
  });

  test('a name that differs from the one in the bucket by case is said', async () => {
    const app = await publish('Erin/Tuf', {});
    const outcome = await recover({ ...app, path: 'erin/Tuf' });
    expect(outcome.state).toBe('NeverBootstrapped');
    expect(outcome.succeeded.message).toMatch(
      /There is no admin of that name; there are .*"Erin".*differ by case/,
    );
  });
});
