import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { listAll } from '../harness/list-all.ts';
import { type S3Credentials, type S3Server, startS3 } from '../harness/s3.ts';
import { createReader } from '../harness/s3-reader.ts';
import { userUnderDocumentedPolicy } from './documented-policy.ts';

const BUCKET = 'metadata';
let s3: S3Server;
let app: GoldenApp;

beforeAll(async () => {
  s3 = await startS3({ buckets: [BUCKET] });
  app = await goldenApp('deleg');
  await app.putInto(s3, BUCKET);
  await s3.put(BUCKET, [{ key: 'artifacts/private.zip', body: 'not metadata' }]);
});

afterAll(async () => {
  await s3?.stop();
});

function open(credentials: S3Credentials): Promise<S3Bucket> {
  return S3Bucket.open({
    bucket: BUCKET,
    access: {
      endpoint: s3.endpoint,
      region: s3.region,
      forcePathStyle: true,
      credentials: { kind: 'static', ...credentials },
    },
  });
}

describe('the documented S3 policy', () => {
  test('suffices to list and read every object of an app', async () => {
    const bucket = await open(await userUnderDocumentedPolicy(s3, BUCKET));
    const source = bucket.source(app.prefix);
    const listing = await listAll(source);
    expect(listing.map(({ name }) => name).sort()).toEqual(app.objects.map(({ name }) => name).sort());
    for (const { name, size } of listing) {
      expect(await source.get(name, { maxBytes: 100_000 })).toHaveLength(size ?? -1);
    }
    bucket.destroy();
  });

  test('shows nothing outside the metadata', async () => {
    const bucket = await open(await userUnderDocumentedPolicy(s3, BUCKET));
    await expect(listAll(bucket.source('artifacts/'))).rejects.toMatchObject({ code: 'AccessDenied' });
    await expect(bucket.source('artifacts/').get('private.zip', { maxBytes: 100 })).rejects.toMatchObject({
      code: 'AccessDenied',
    });
    bucket.destroy();
  });
});

describe('a user who lacks one permission', () => {
  test('to list gets the advice to grant s3:ListBucket', async () => {
    const bucket = await open(await createReader(s3, BUCKET, app.prefix, ['s3:GetObject']));
    await expect(listAll(bucket.source(app.prefix))).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'AccessDenied',
      message: expect.stringContaining('s3:ListBucket'),
    });
    bucket.destroy();
  });

  test('to read gets the advice to grant s3:GetObject, and a refusal is never read as a missing file', async () => {
    const bucket = await open(await createReader(s3, BUCKET, app.prefix, ['s3:ListBucket']));
    await expect(bucket.source(app.prefix).get('1.root.json', { maxBytes: 100_000 })).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'AccessDenied',
      message: expect.stringContaining('s3:GetObject'),
    });
    bucket.destroy();
  });
});
