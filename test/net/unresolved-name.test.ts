import { lookup } from 'node:dns/promises';
import { expect, test } from 'vitest';
import { explainUnresolvedName } from '../../src/net/unresolved-name.ts';
import { redisEndpointFromURL } from '../../src/redis/endpoint.ts';
import { RedisStateStore } from '../../src/redis/redis-state-store.ts';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';

const scope = { lookedUpFrom: 'tuf-recovery', namedIn: 'faynosync' };
const advice = /looked up in namespace tuf-recovery,.* call it redis-e2e\.faynosync\.svc\./;

test('a short name that does not resolve is reported with both namespaces and the name that would', async () => {
  const error = await lookup('redis-e2e').catch((failure: unknown) => failure);
  expect(explainUnresolvedName(error, scope)).toMatch(advice);
  expect(explainUnresolvedName(error, { ...scope, namedIn: 'tuf-recovery' })).toMatch(
    /namespace tuf-recovery, which has no such Service/,
  );
});

test('outside a cluster, for full names and for other failures nothing is guessed', async () => {
  const short = await lookup('redis-e2e').catch((failure: unknown) => failure);
  const full = await lookup('redis.e2e.invalid').catch((failure: unknown) => failure);
  expect(explainUnresolvedName(short, undefined)).toBeUndefined();
  expect(explainUnresolvedName(full, scope)).toBeUndefined();
  expect(explainUnresolvedName(new Error('refused'), scope)).toBeUndefined();
});

test('Redis and storage say so in their own messages', async () => {
  const store = new RedisStateStore({
    ...redisEndpointFromURL('redis://redis-e2e:6379'),
    nameScope: scope,
  });
  await expect(store.facts(AbortSignal.timeout(60_000))).rejects.toThrow(advice);
  await store.close();
  const bucket = await S3Bucket.open({
    bucket: 'updates',
    access: {
      credentials: { kind: 'static', accessKeyId: 'a', secretAccessKey: 's' },
      endpoint: 'http://redis-e2e:9000',
      forcePathStyle: true,
      nameScope: scope,
    },
    limits: { maxAttempts: 1 },
  });
  await expect(
    bucket.source('').get('1.root.json', { maxBytes: 10, signal: AbortSignal.timeout(60_000) }),
  ).rejects.toThrow(advice);
  bucket.destroy();
});
