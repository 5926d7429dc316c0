import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { S3Bucket, type S3BucketOptions } from '../../src/storage/s3/s3-bucket.ts';
import type { S3RequestEnd } from '../../src/storage/s3/s3-options.ts';
import { startEndlessS3 } from '../controllers/support/tenants/hostile-servers.ts';
import { type CertificateAuthority, createAuthority } from '../harness/certificates.ts';
import { goldenApp } from '../harness/golden.ts';
import { listAll } from '../harness/list-all.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';

const BUCKET = 'metadata';
let s3: S3Server;

beforeAll(async () => {
  s3 = await startS3({ buckets: [BUCKET] });
});

afterAll(async () => {
  await s3?.stop();
});

async function open(options: Partial<S3BucketOptions> = {}): Promise<S3Bucket> {
  return S3Bucket.open({ bucket: BUCKET, access: access(s3), ...options });
}

function access({ endpoint, region, credentials }: S3Server): S3BucketOptions['access'] {
  return { endpoint, region, forcePathStyle: true, credentials: { kind: 'static', ...credentials } };
}

describe('a repository in S3', () => {
  test('is listed with names relative to its prefix, sizes and times of writing', async () => {
    const app = await goldenApp('deleg');
    await app.putInto(s3, BUCKET);
    const bucket = await open();
    const listing = await listAll(bucket.source(app.prefix));
    expect(
      Object.fromEntries(listing.map(({ name, size, lastModified }) => [name, [size, lastModified]])),
    ).toEqual(
      Object.fromEntries(
        app.objects.map(({ name, body, lastModified }) => [name, [body.length, lastModified]]),
      ),
    );
    bucket.destroy();
  });

  test('gives the exact bytes of an object', async () => {
    const app = await goldenApp('simple');
    await app.putInto(s3, BUCKET);
    const bucket = await open();
    const source = bucket.source(app.prefix);
    for (const { name, body } of app.objects) {
      expect(Buffer.from(await source.get(name, { maxBytes: 1_000_000 })).equals(Buffer.from(body))).toBe(
        true,
      );
    }
    bucket.destroy();
  });

  test('takes one LIST request per 1,000 objects and one GET per object', async () => {
    const names = Array.from({ length: 2_001 }, (_, i) => `${i}.snapshot.json`);
    for (let i = 0; i < names.length; i += 100) {
      const some = names.slice(i, i + 100);
      await Promise.all(some.map((name) => s3.put(BUCKET, [{ key: `paged/${name}`, body: name }])));
    }
    const requests: S3RequestEnd[] = [];
    const bucket = await open({ observer: (request) => requests.push(request) });
    const source = bucket.source('paged/');

    const listing = await listAll(source);
    expect(new Set(listing.map(({ name }) => name))).toEqual(new Set(names));
    expect(requests.map(({ operation, result }) => [operation, result])).toEqual(
      Array.from({ length: 3 }, () => ['ListObjectsV2', 'ok']),
    );

    requests.length = 0;
    const bodies = await Promise.all(names.map((name) => source.get(name, { maxBytes: 100 })));
    expect(bodies.map((body) => Buffer.from(body).toString())).toEqual(names);
    expect(requests).toHaveLength(names.length);
    bucket.destroy();
  });

  test.each([
    '2.with space+plus%20.json',
    '1.Zürich-日本.json',
    '1.a&<b>"\'.json',
    '1.folder/role.json',
    '1.__proto__.json',
    "1.!'()*~-_.json",
    '1.%2F%2e%2e=?#[]@:;,$.json',
  ])('may hold a role file named %s', async (name) => {
    const prefix = 'odd names/a+b/';
    await s3.put(BUCKET, [{ key: prefix + name, body: name }]);
    const bucket = await open();
    const source = bucket.source(prefix);
    expect((await listAll(source)).map((object) => object.name)).toContain(name);
    expect(Buffer.from(await source.get(name, { maxBytes: 100 })).toString()).toBe(name);
    bucket.destroy();
  });

  test('never shows the neighbour whose name begins alike', async () => {
    await s3.put(BUCKET, [
      { key: 'tenants/app/1.root.json', body: 'mine' },
      { key: 'tenants/app-two/1.root.json', body: 'other' },
    ]);
    const bucket = await open();
    expect((await listAll(bucket.source('tenants/app/'))).map(({ name }) => name)).toEqual(['1.root.json']);
    bucket.destroy();
  });

  test('is never left through a role name with dots', async () => {
    await s3.put(BUCKET, [{ key: 'tenants/secret.json', body: 'other' }]);
    const bucket = await open();
    await expect(
      bucket.source('tenants/app/').get('../secret.json', { maxBytes: 100 }),
    ).rejects.toMatchObject({
      code: 'InvalidSource',
      message: expect.stringContaining('would leave the prefix'),
    });
    bucket.destroy();
  });

  test('that is empty lists as empty, which is not an error', async () => {
    const bucket = await open();
    expect(await listAll(bucket.source('nobody/nothing/'))).toEqual([]);
    bucket.destroy();
  });

  test('refuses an object beyond the allowed size before it is held in memory', async () => {
    await s3.put(BUCKET, [{ key: 'large/1.root.json', body: Buffer.alloc(100_001) }]);
    const requests: S3RequestEnd[] = [];
    const bucket = await open({ observer: (request) => requests.push(request) });
    const source = bucket.source('large/');
    await expect(source.get('1.root.json', { maxBytes: 100_000 })).rejects.toMatchObject({
      code: 'TooLarge',
      message: expect.stringContaining('100000 bytes'),
    });
    expect(requests).toMatchObject([{ result: 'TooLarge', bytes: 0 }]);
    expect(await source.get('1.root.json', { maxBytes: 100_001 })).toHaveLength(100_001);
    bucket.destroy();
  });

  test('refuses a prefix with more objects than allowed', async () => {
    await s3.put(BUCKET, [
      { key: 'many/1', body: '1' },
      { key: 'many/2', body: '2' },
    ]);
    const bucket = await open({ limits: { maxObjects: 1 } });
    await expect(listAll(bucket.source('many/'))).rejects.toMatchObject({ code: 'TooLarge' });
    bucket.destroy();
  });
});

test('a listing without end is read slowly after a while, and keeps no other one waiting', async () => {
  await using endless = await startEndlessS3(0);
  const bucket = await open({
    access: { ...access(s3), endpoint: `http://${endless.host}:${endless.port}` },
    limits: { pagesAtOnce: 3, pagesPerSecond: 0.001 },
  });
  const stop = new AbortController();
  let pages = 0;
  const listing = (async () => {
    for await (const _ of bucket.source('endless/').list(stop.signal)) {
      pages += 1;
    }
  })();
  await expect.poll(() => pages).toBe(4);
  const other = await bucket.source('another/').list()[Symbol.asyncIterator]().next();
  expect(other.value).toHaveLength(1_000);
  expect(pages).toBe(4);
  stop.abort(new Error('enough'));
  await expect(listing).rejects.toThrow('enough');
  bucket.destroy();
});

describe('a store with a certificate of its own authority', () => {
  let authority: CertificateAuthority;
  let secure: S3Server;

  beforeAll(async () => {
    authority = await createAuthority();
    secure = await startS3({ tls: { authority }, buckets: [BUCKET] });
    await secure.put(BUCKET, [{ key: 'app/1.root.json', body: 'root' }]);
  });

  afterAll(async () => {
    await secure?.stop();
    await authority?.[Symbol.asyncDispose]();
  });

  test('is read when that authority is given', async () => {
    const bucket = await open({ access: { ...access(secure), ca: authority.certificate } });
    expect(Buffer.from(await bucket.source('app/').get('1.root.json', { maxBytes: 10 })).toString()).toBe(
      'root',
    );
    bucket.destroy();
  });

  test('is refused otherwise, at once, with a message that asks for the authority', async () => {
    const requests: S3RequestEnd[] = [];
    const bucket = await open({ access: access(secure), observer: (request) => requests.push(request) });
    await expect(listAll(bucket.source('app/'))).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'InvalidSource',
      message: expect.stringMatching(/certificate .* was refused .* Give the CA/),
    });
    expect(requests).toHaveLength(1);
    bucket.destroy();
  });
});
