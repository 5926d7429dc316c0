import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import type { MetadataSource } from '../../src/storage/source.ts';
import { EarlierVersions } from '../../src/tuf/verify/earlier-versions.ts';
import type { Trusted } from '../../src/tuf/verify/verification.ts';
import { verify } from '../../src/tuf/verify/verify.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';

const BUCKET = 'updates';
const NOW = new Date('2026-11-23T12:00:00Z');
const A_DAY_LATER = 86_400_000;

let s3: S3Server;
let bucket: S3Bucket;
let app: GoldenApp;

beforeAll(async () => {
  s3 = await startS3({ buckets: [BUCKET] });
  const { credentials, endpoint, region } = s3;
  app = await goldenApp('deleg');
  bucket = await S3Bucket.open({
    bucket: BUCKET,
    access: { credentials: { kind: 'static', ...credentials }, endpoint, region, forcePathStyle: true },
  });
});

afterAll(async () => {
  bucket?.destroy();
  await s3?.[Symbol.asyncDispose]();
});

/** The recorded app, with these objects beside it. */
async function restore(...more: readonly { readonly key: string; readonly body: string }[]): Promise<void> {
  await app.putInto(s3, BUCKET);
  await s3.put(BUCKET, more);
}

/** Has the store say of every file that it was written a day later. */
async function replaceAll(): Promise<void> {
  for (const { name, lastModified } of app.objects) {
    await s3.setLastModified(BUCKET, `${app.prefix}${name}`, new Date(lastModified.getTime() + A_DAY_LATER));
  }
}

/** The repository, whose files are replaced between the listing and the reads of them. */
function replacedAfterListing(source: MetadataSource): MetadataSource {
  return {
    location: source.location,
    async *list(signal) {
      yield* source.list(signal);
      await replaceAll();
    },
    get: async (name, options) => await source.get(name, options),
  };
}

/** The repository, whose timestamp.json is replaced after it was read and before it is listed. */
function replacedBeforeListing(source: MetadataSource): MetadataSource {
  const read = Promise.withResolvers<void>();
  return {
    location: source.location,
    async *list(signal) {
      await read.promise;
      await replaceAll();
      yield* source.list(signal);
    },
    get: async (name, options) => {
      const bytes = await source.get(name, options);
      read.resolve();
      return bytes;
    },
  };
}

async function trustedIn(source: MetadataSource): Promise<Trusted> {
  const root = app.objects.find(({ name }) => name === '1.root.json')?.body ?? '';
  const { trusted } = await verify(source, {
    anchor: { kind: 'sha256', sha256: createHash('sha256').update(root).digest('hex') },
    now: NOW,
    policy: { mode: 'recovery' },
  });
  expect(trusted).toBeDefined();
  // expect() has just made sure that it is there.
  return trusted as Trusted;
}

/** How much later than recorded each role of the chain is said to be written, in milliseconds. */
function delays({ root, timestamp, snapshot, targets, delegated }: Trusted): Record<string, number> {
  const recorded = new Map(app.objects.map(({ name, lastModified }) => [name, lastModified.getTime()]));
  return Object.fromEntries(
    [root, timestamp, snapshot, targets, ...delegated].map(({ object }) => [
      object?.name,
      (object?.lastModified.getTime() ?? 0) - (recorded.get(object?.name ?? '') ?? 0),
    ]),
  );
}

/** Enough for a worker thread to verify it. */
const LARGE = { key: 'large.bin', body: 'x'.repeat(300_000) };

describe('a file that is replaced while the bucket is read has the time of the bytes that were verified,', () => {
  test.each([
    ['on the calling thread', []],
    ['in a worker thread', [LARGE]],
  ])('after the listing, %s', async (_where, more) => {
    await restore(...more.map(({ key, body }) => ({ key: `${app.prefix}${key}`, body })));
    const trusted = await trustedIn(replacedAfterListing(bucket.source(app.prefix)));
    const { 'timestamp.json': timestamp, ...others } = delays(trusted);
    expect(Object.keys(others).length).toBeGreaterThan(3);
    expect(new Set(Object.values(others))).toEqual(new Set([A_DAY_LATER]));
    // Read beside the listing, before anything was replaced.
    expect(timestamp).toBe(0);
  });

  test('before the listing: timestamp.json, which is read beside it', async () => {
    await restore();
    const { 'timestamp.json': timestamp } = delays(
      await trustedIn(replacedBeforeListing(bucket.source(app.prefix))),
    );
    expect(timestamp).toBe(0);
  });

  test('and so has an earlier version', async () => {
    app = await goldenApp('published');
    await restore();
    const source = bucket.source(app.prefix);
    const { root, snapshot } = await trustedIn(source);
    await replaceAll();
    const times = await new EarlierVersions(source, root).timesOf(
      'snapshot',
      snapshot.version - 1,
      new Date(0),
      AbortSignal.timeout(60_000),
    );
    const recorded = app.objects.find(({ name }) => name === `${snapshot.version - 1}.snapshot.json`);
    expect(times?.writtenAt.getTime()).toBe((recorded?.lastModified.getTime() ?? 0) + A_DAY_LATER);
  });
});
