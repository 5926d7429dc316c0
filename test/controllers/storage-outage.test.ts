import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { StorageOutage } from '../../src/controllers/loss-detection/storage-outage.ts';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import type { Fault } from '../harness/fault.ts';
import { type FaultProxy, startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { type S3Credentials, type S3Server, startS3 } from '../harness/s3.ts';

const name = 'updates';
const refuse: Fault = { kind: 'refuse' };

let s3: S3Server;
let proxy: FaultProxy;
let clock: ManualClock;
let outage: StorageOutage;
let requests: number;
let reports: { readonly what: 'began' | 'ended'; readonly atMs: number }[];
let opened: S3Bucket[];

beforeAll(async () => {
  s3 = await startS3({ buckets: [name] });
  proxy = await startFaultProxy({ port: s3.port });
});

afterAll(async () => {
  await proxy?.stop();
  await s3?.stop();
});

beforeEach(async () => {
  await proxy.heal();
  clock = new ManualClock();
  requests = 0;
  reports = [];
  opened = [];
  outage = watchFor(s3.credentials);
});

afterEach(() => {
  outage.close();
  for (const bucket of opened) {
    bucket.destroy();
  }
});

function watchFor(credentials: S3Credentials): StorageOutage {
  const report = (what: 'began' | 'ended') => () => {
    reports.push({ what, atMs: clock.monotonic() });
  };
  return new StorageOutage({
    open: async () => {
      const bucket = await S3Bucket.open({
        bucket: name,
        access: {
          endpoint: `http://${proxy.host}:${proxy.port}`,
          region: s3.region,
          forcePathStyle: true,
          credentials: { kind: 'static', ...credentials },
        },
        observer: () => {
          requests += 1;
        },
      });
      opened.push(bucket);
      return { bucket, [Symbol.dispose]: () => bucket.destroy() };
    },
    prefix: 'tuf',
    listener: { began: report('began'), ended: report('ended') },
    clock,
    random: () => 0,
  });
}

/** Lets so much time pass that the next request is sent, and waits for its end. */
async function ask(ms: number): Promise<void> {
  const before = requests;
  await clock.advance(ms);
  await poll('the request to end', () => requests > before, { intervalMs: 1 });
  // What follows from it.
  await turn();
}

const whats = () => reports.map(({ what }) => what);

test('the return of a bucket is reported once, after the first answer, and then nothing is asked', async () => {
  await proxy.inject(refuse);
  outage.suspect();
  await ask(0);
  for (let time = 0; time < 5; time += 1) {
    await ask(2_000);
    outage.suspect();
  }
  expect(whats()).toEqual(['began']);
  // Every one of them was sent once.
  expect(requests).toBe(6);
  await proxy.heal();
  await ask(2_000);
  expect(whats()).toEqual(['began', 'ended']);
  await clock.advance(3_600_000);
  expect([requests, clock.pending]).toEqual([7, 0]);
});

test('a bucket that hangs is given up after ten seconds and asked again', async () => {
  await proxy.inject({ kind: 'blackHole' });
  outage.suspect();
  await clock.advance(0);
  await poll('the request to be sent', () => proxy.traffic.open > 0, { intervalMs: 1 });
  await ask(10_000);
  expect(whats()).toEqual(['began']);
  await proxy.heal();
  await ask(2_000);
  expect(whats()).toEqual(['began', 'ended']);
});

test('failures of single objects in a bucket that answers are no outage, and are one reason to ask', async () => {
  for (let failure = 0; failure < 1_000; failure += 1) {
    outage.suspect();
  }
  await ask(0);
  for (let failure = 0; failure < 1_000; failure += 1) {
    outage.suspect();
  }
  await ask(2_000);
  await clock.advance(3_600_000);
  expect([requests, whats()]).toEqual([2, []]);
});

test('a bucket that refuses to be listed answers: some credentials may read one app only', async () => {
  outage.close();
  outage = watchFor({ accessKeyId: 'unknown', secretAccessKey: 'unknown' });
  outage.suspect();
  await ask(0);
  expect(whats()).toEqual([]);
  await proxy.inject(refuse);
  outage.suspect();
  await ask(2_000);
  await proxy.heal();
  await ask(2_000);
  expect(whats()).toEqual(['began', 'ended']);
});

test('the ends of outages of a bucket that comes and goes are reported less and less often, and the last one is', async () => {
  const untilMs = 120_000;
  while (clock.monotonic() < untilMs) {
    await proxy.inject(refuse);
    outage.suspect();
    await ask(2_000);
    await proxy.heal();
    await ask(2_000);
  }
  const ends = reports.filter(({ what }) => what === 'ended').map(({ atMs }) => atMs);
  const pauses = ends.slice(1).map((atMs, at) => atMs - (ends[at] ?? 0));
  expect(pauses.length).toBeGreaterThan(3);
  for (const [at, pauseMs] of pauses.entries()) {
    expect(pauseMs).toBeGreaterThanOrEqual(Math.min(15_000, 2_000 * 2 ** at));
  }
  await proxy.inject(refuse);
  outage.suspect();
  await ask(2_000);
  await proxy.heal();
  const healedAtMs = clock.monotonic();
  while (whats().at(-1) !== 'ended') {
    await ask(2_000);
  }
  expect(clock.monotonic() - healedAtMs).toBeLessThanOrEqual(30_000);
});
