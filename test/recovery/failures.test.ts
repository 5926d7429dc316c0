import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SucceededReason } from '../../src/api/reasons.ts';
import { runAttempt } from '../../src/recovery/run.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import type { S3Access } from '../../src/storage/s3/s3-options.ts';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { freePort } from '../harness/free-port.ts';
import { startRedis } from '../harness/redis.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { storeAt } from './fixtures/engine.ts';
import { type Site, startSite } from './fixtures/site.ts';

let site: Site;
let s3: S3Server;

beforeAll(async () => {
  site = await startSite();
  s3 = await startS3({ buckets: ['updates'] });
  await site.app.putInto(s3, 'updates');
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await s3.stop();
});

beforeEach(async () => {
  await site.client.flushall();
});

/** The app in a real bucket, reached in some way. */
async function bucketSource(bucket: string, access: Partial<S3Access> = {}) {
  const credentials = { kind: 'static', ...s3.credentials } as const;
  const opened = await S3Bucket.open({
    bucket,
    access: { endpoint: s3.endpoint, region: s3.region, forcePathStyle: true, credentials, ...access },
    limits: { maxAttempts: 1 },
  });
  return { source: opened.source(site.app.prefix), [Symbol.dispose]: () => opened.destroy() };
}

async function ending(overrides: Parameters<Site['request']>[0]) {
  const outcome = await runAttempt(site.request(overrides));
  expect(await site.client.keys('*')).toEqual([]);
  return outcome;
}

describe('what storage refuses ends the run with what to do, and Redis untouched', () => {
  test('the app comes back from a real bucket', async () => {
    using bucket = await bucketSource('updates');
    expect((await runAttempt(site.request({ source: bucket.source }))).succeeded.reason).toBe('Recovered');
  });

  test('unknown credentials', async () => {
    const credentials = { kind: 'static', accessKeyId: 'nobody', secretAccessKey: 'wr0ng' } as const;
    using bucket = await bucketSource('updates', { credentials });
    const outcome = await ending({ source: bucket.source });
    expect(outcome).toMatchObject({
      succeeded: { reason: 'SourceAccessDenied' },
      retry: 'none',
      error: { code: 'AccessDenied' },
    });
    expect(outcome.succeeded.message).not.toContain('wr0ng');
  });

  test('a wrong secret', async () => {
    const credentials = { kind: 'static', ...s3.credentials, secretAccessKey: 'wr0ng' } as const;
    using bucket = await bucketSource('updates', { credentials });
    expect(await ending({ source: bucket.source })).toMatchObject({
      succeeded: { reason: 'SourceAccessDenied' },
      retry: 'none',
    });
  });

  test('a bucket that does not exist', async () => {
    using bucket = await bucketSource('nowhere');
    expect(await ending({ source: bucket.source })).toMatchObject({
      succeeded: { reason: 'SourceNotFound' },
      retry: 'none',
    });
  });

  test('a store that does not answer is tried again', async () => {
    using bucket = await bucketSource('updates', { endpoint: `http://127.0.0.1:${await freePort()}` });
    expect(await ending({ source: bucket.source })).toMatchObject({
      succeeded: { reason: 'Retrying' },
      retry: 'backoff',
      state: undefined,
      trustVerified: { reason: 'NotChecked' },
    });
  });

  test('a directory that does not exist', async () => {
    expect((await ending({ source: new DirectorySource('/nowhere') })).succeeded.reason).toBe(
      'SourceNotFound',
    );
  });

  test.each(['sha256', 'root', 'first-use'] as const)(
    'an app that was not bootstrapped, trusted by %s',
    async (kind) => {
      const root = site.app.objects.find(({ name }) => name === '1.root.json');
      const bytes = Buffer.from(root?.body ?? '');
      const anchors = {
        sha256: { kind: 'sha256', sha256: 'f'.repeat(64) },
        root: { kind: 'root', bytes },
        'first-use': { kind: 'first-use' },
      } as const;
      const trust = { anchor: anchors[kind], policy: { mode: 'recovery' } } as const;
      const opened = await S3Bucket.open({
        bucket: 'updates',
        access: {
          endpoint: s3.endpoint,
          region: s3.region,
          forcePathStyle: true,
          credentials: { kind: 'static', ...s3.credentials },
        },
      });
      expect(await ending({ trust, source: opened.source('tuf_metadata/admin/unknown/') })).toMatchObject({
        succeeded: { reason: 'SourceNotBootstrapped' },
        accepted: { reason: 'NoPersistedRoot' },
        state: 'NeverBootstrapped',
      });
      opened.destroy();
    },
  );
});

describe('what is not trusted ends the run, and Redis untouched', () => {
  test('another root was pinned', async () => {
    const trust = {
      anchor: { kind: 'sha256', sha256: 'f'.repeat(64) },
      policy: { mode: 'recovery' },
    } as const;
    expect(await ending({ trust })).toMatchObject({
      succeeded: { reason: 'TrustVerificationFailed' },
      accepted: { reason: 'Denied' },
      trustVerified: { reason: 'MetadataRefused' },
      stateVerified: { reason: 'NotChecked' },
      trusted: undefined,
      plan: undefined,
    });
  });

  test('a newer state was verified before', async () => {
    const { trust } = site.request();
    const outcome = await ending({
      trust: { ...trust, marks: { timestamp: { version: 9 }, snapshot: { version: 9 } } },
    });
    expect(outcome.succeeded.reason).toBe('RollbackDetected');
  });

  test('a name that cannot be an app', async () => {
    expect(await ending({ app: { adminName: 'admin', appName: 'a/b' } })).toMatchObject({
      succeeded: { reason: 'InvalidReference' },
    });
  });
});

describe('what Redis refuses ends the run with a reason of its own', () => {
  test('no process listens: tried again, and never read as a loss', async () => {
    const store = storeAt(`redis://127.0.0.1:${await freePort()}`);
    expect(await runAttempt(site.request({ store }))).toMatchObject({
      state: 'Unreachable',
      succeeded: { reason: 'Retrying' },
      retry: 'backoff',
      error: { code: 'RedisUnreachable' },
      plan: undefined,
      stateVerified: { reason: 'NotChecked' },
      trustVerified: { reason: 'MetadataVerified' },
    });
  });

  test('Redis dies while the lock is held: tried again', async () => {
    await using proxy = await startFaultProxy(site.redis);
    const store = storeAt(`redis://127.0.0.1:${proxy.port}`);
    const observer = {
      ...site.request().observer,
      progress: ({ stage }: { stage: string }) => {
        if (stage === 'Apply') {
          void proxy.inject({ kind: 'refuse' });
        }
      },
    };
    const outcome = await runAttempt(site.request({ store, observer }));
    expect(outcome).toMatchObject({ retry: 'backoff', succeeded: { reason: 'Retrying' } });
    await store.close();
  });

  const refusals: readonly (readonly [SucceededReason, string, Parameters<typeof startRedis>[0]])[] = [
    ['RedisAuthRequired', 'redis://', { password: 's3cret' }],
    ['RedisWrongPassword', 'redis://:wr0ng@', { password: 's3cret' }],
    [
      'RedisAccessDenied',
      'redis://few:s3cret@',
      { users: ['user few on >s3cret ~* +eval_ro +mget +type +pttl +info'] },
    ],
    ['RedisOutOfMemory', 'redis://', { config: [['maxmemory', '1']] }],
    ['RedisUnsupported', 'redis://', { config: [['cluster-enabled', 'yes']] }],
  ];

  test.each(refusals)('%s', async (reason, prefix, options) => {
    await using redis = await startRedis(options);
    const store = storeAt(`${prefix}127.0.0.1:${redis.port}`);
    const outcome = await runAttempt(site.request({ store }));
    expect(outcome).toMatchObject({ succeeded: { reason }, retry: 'none' });
    for (const secret of ['s3cret', 'wr0ng']) {
      expect(outcome.succeeded.message).not.toContain(secret);
    }
    await store.close();
  });
});
