import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BucketWatch } from '../../src/controllers/loss-detection/bucket-watch.ts';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { poll } from '../harness/poll.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';

const name = 'updates';
const minuteMs = 60_000;
const app = { adminName: 'alice', appName: 'app' };

let s3: S3Server;
let bucket: S3Bucket;
let clock: ManualClock;
let requests: Map<string, number>;
let signed: string[];
let failures: number;
let watch: BucketWatch;

beforeAll(async () => {
  s3 = await startS3({ buckets: [name] });
  bucket = await S3Bucket.open({
    bucket: name,
    access: {
      endpoint: s3.endpoint,
      region: s3.region,
      forcePathStyle: true,
      credentials: { kind: 'static', ...s3.credentials },
    },
    observer: ({ operation }) => requests.set(operation, (requests.get(operation) ?? 0) + 1),
  });
});

afterAll(async () => {
  bucket?.destroy();
  await s3?.stop();
});

beforeEach(() => {
  requests = new Map();
  signed = [];
  failures = 0;
  clock = new ManualClock();
  watch = new BucketWatch({
    open: async () => ({ bucket, [Symbol.dispose]: () => undefined }),
    prefix: 'tuf',
    listener: {
      signed: (state) => signed.push(state),
      listed: () => undefined,
      failed: () => {
        failures += 1;
      },
      recovered: () => undefined,
    },
    clock,
    random: () => 0,
  });
});

/** Puts a timestamp; returns its digest. */
async function put(version: number): Promise<string> {
  const body = JSON.stringify({ signed: { version }, signatures: [] });
  await s3.put(name, [{ key: 'tuf/alice/app/timestamp.json', body }]);
  return createHash('sha256').update(body).digest('hex');
}

/** Lets time pass; what a step has begun ends before the next one. */
async function pass(ms: number, stepMs: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await clock.advance(stepMs);
    // The next check and the next listing.
    await poll('what was begun to end', () => clock.pending >= 2, { intervalMs: 1 });
  }
}

test('what the server has just signed is found at once when Redis reports its lock', async () => {
  watch.isReported = true;
  watch.put('state', app, await put(1));
  watch.put('other', app, await put(1));
  watch.drop('other');
  await pass(5_000, 500);
  const before = requests.get('GetObject') ?? 0;
  await put(2);
  watch.checkSoon('alice_app');
  // It signs, and deletes its lock.
  watch.checkSoon('alice_app');
  watch.checkSoon('nobody_else');
  await pass(1_000, 500);
  expect(signed).toEqual(['state']);
  expect(requests.get('GetObject')).toBe(before + 1);
  watch.drop('state');
  watch.checkSoon('alice_app');
  await pass(1_000, 500);
  expect(requests.get('GetObject')).toBe(before + 1);
  watch.close();
});

test('the bucket counts as answering for a quarter of an hour after an answer, and not after a failure', async () => {
  watch.isReported = true;
  await pass(2_000, 500);
  expect(watch.isAnswering).toBe(true);
  await pass(901_000, 10_000);
  expect(watch.isAnswering).toBe(false);
  // Checked every ten minutes from now on.
  watch.put('state', app, await put(1));
  await pass(3_600_000, 10_000);
  expect([watch.isAnswering, failures]).toEqual([true, 0]);
  watch.put('missing', { adminName: 'alice', appName: 'missing' }, 'x');
  await pass(1_000, 500);
  expect([watch.isAnswering, failures]).toEqual([false, 1]);
  watch.close();
});

test('an app that is reported during a listing is in the next one, which follows at once', async () => {
  watch.isReported = true;
  await pass(2_000, 500);
  const before = requests.get('ListObjectsV2') ?? 0;
  watch.listSoon();
  // The listing has begun and not ended.
  const advanced = clock.advance(1_000);
  await poll('the listing to begin', () => (requests.get('ListObjectsV2') ?? 0) > before, { intervalMs: 0 });
  await s3.put(name, [{ key: 'tuf/adam/new/timestamp.json', body: '{}' }]);
  watch.listSoon();
  await advanced;
  await pass(3_000, 500);
  expect(watch.found).toContainEqual({ adminName: 'adam', appName: 'new' });
  watch.close();
});

// The first check of an app follows its verification at once.
test.each([
  { reported: true, apps: 3, minutes: 60, checks: 7, listings: 2 },
  { reported: false, apps: 3, minutes: 60, checks: 61, listings: 13 },
  { reported: true, apps: 1_000, minutes: 10, checks: 2, listings: 2 },
  { reported: false, apps: 1_000, minutes: 10, checks: 2, listings: 3 },
])('what quiet apps cost: %j', async ({ reported, apps, minutes, checks, listings }) => {
  watch.isReported = reported;
  const sha256 = await put(1);
  for (let at = 0; at < apps; at += 1) {
    watch.put(`app-${at}`, app, sha256);
  }
  await pass(minutes * minuteMs, Math.min(10_000, 600_000 / apps));
  watch.close();
  expect(signed).toEqual([]);
  const perApp = (requests.get('GetObject') ?? 0) / apps;
  expect(perApp).toBeLessThanOrEqual(checks);
  expect(perApp).toBeGreaterThan(checks * 0.9);
  // One for all admins and one for each of the two.
  expect(requests.get('ListObjectsV2')).toBeLessThanOrEqual(3 * listings);
});
