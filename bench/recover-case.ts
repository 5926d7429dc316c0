import { createHash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { systemClock } from '../src/async/clock.ts';
import type { RunRequest } from '../src/recovery/request.ts';
import { runAttempt } from '../src/recovery/run.ts';
import { redisEndpointFromURL } from '../src/redis/endpoint.ts';
import { RedisStateStore } from '../src/redis/redis-state-store.ts';
import { S3Bucket } from '../src/storage/s3/s3-bucket.ts';
import type { MetadataSource } from '../src/storage/source.ts';
import { verify } from '../src/tuf/verify/verify.ts';
import { startFaultProxy } from '../test/harness/faultproxy.ts';
import { listAll } from '../test/harness/list-all.ts';
import { startRedis } from '../test/harness/redis.ts';
import { startS3 } from '../test/harness/s3.ts';
import { countRoundTrips } from '../test/recovery/fixtures/round-trips.ts';
import { MemorySource } from '../test/tuf/generator/memory-source.ts';
import { REFERENCE_TIME, Repository } from '../test/tuf/generator/repository.ts';
import { median } from './quantile.ts';

const BUCKET = 'bench';
const app = { adminName: 'bench', appName: 'app' };
const PREFIX = 'tuf_metadata/bench/app/';

/** What is recovered, and how far away the bucket is. */
export interface Case {
  readonly roles: number;
  readonly oldSnapshots: number;
  /** Milliseconds added to every answer of S3. */
  readonly addedMs: number;
}

/** Medians of one case, in milliseconds. */
export interface Measured {
  readonly runMs: number;
  /** What the same requests and the same verification cost alone, one after the other. */
  readonly boundMs: number;
  readonly pages: number;
  readonly gets: number;
  readonly roundTrips: number;
}

/** A signed repository with its history: name → bytes. */
function filesOf({ roles, oldSnapshots }: Case): ReadonlyMap<string, Buffer> {
  const delegations = Array.from({ length: roles }, (_, i) => ({ name: `role-${i}`, keys: ['online'] }));
  const files = new Repository({ seed: 'bench', delegations, version: oldSnapshots + 1 }).seal();
  const newest = files.get(`${oldSnapshots + 1}.snapshot.json`) ?? Buffer.of();
  for (let version = 1; version <= oldSnapshots; version += 1) {
    files.set(`${version}.snapshot.json`, newest);
  }
  return files;
}

/**
 * Starts S3 and Redis, recovers the case a few times from nothing, and measures the parts beside the whole.
 */
export async function measure(what: Case, repetitions: number): Promise<Measured> {
  await using s3 = await startS3({ buckets: [BUCKET] });
  await using far = await startFaultProxy(s3);
  await using redis = await startRedis();
  await using counter = await countRoundTrips(redis);
  const files = filesOf(what);
  const lastModified = new Date(REFERENCE_TIME.getTime() - 86_400_000);
  await s3.put(
    BUCKET,
    [...files].map(([name, body]) => ({ key: PREFIX + name, body, lastModified })),
  );
  if (what.addedMs > 0) {
    await far.inject({ kind: 'delay', ms: what.addedMs, direction: 'toClient' });
  }

  const requests = { pages: 0, gets: 0 };
  const bucket = await S3Bucket.open({
    bucket: BUCKET,
    access: {
      endpoint: s3.endpoint.replace(String(s3.port), String(far.port)),
      region: s3.region,
      forcePathStyle: true,
      credentials: { kind: 'static', ...s3.credentials },
    },
    observer: ({ operation }) => {
      if (operation === 'ListObjectsV2') {
        requests.pages += 1;
      } else {
        requests.gets += 1;
      }
    },
  });
  const store = new RedisStateStore(redisEndpointFromURL(`redis://127.0.0.1:${counter.port}`));
  const client = await redis.client();
  const request = (): RunRequest => requestFor(files, bucket.source(PREFIX), store);

  // The first run opens sockets and compiles code; a controller does that once.
  await recoverFromNothing(client, request());
  const runs: number[] = [];
  const bounds: number[] = [];
  const counted = { pages: 0, gets: 0, roundTrips: 0 };
  // In turn, so that both see the machine in the same moods.
  for (let i = 0; i < repetitions; i += 1) {
    Object.assign(requests, { pages: 0, gets: 0 });
    const before = counter.roundTrips;
    runs.push(await recoverFromNothing(client, request()));
    Object.assign(counted, requests, { roundTrips: counter.roundTrips - before });
    bounds.push(await bound(files, request(), client));
  }
  await store.close();
  bucket.destroy();
  return { runMs: median(runs), boundMs: median(bounds), ...counted };
}

async function recoverFromNothing(client: Redis, request: RunRequest): Promise<number> {
  await client.flushall();
  const start = performance.now();
  const { succeeded } = await runAttempt(request);
  const ms = performance.now() - start;
  if (succeeded.reason !== 'Recovered') {
    throw new Error(`${succeeded.reason}: ${succeeded.message}`);
  }
  return ms;
}

/**
 * LIST ∥ timestamp, snapshot, one wave of everything else, three round trips to Redis, and the verification
 * itself.
 */
async function bound(
  files: ReadonlyMap<string, Buffer>,
  { source, trust, now }: RunRequest,
  client: Redis,
): Promise<number> {
  const linked = new MemorySource(files);
  const start = performance.now();
  await verify(linked, { ...trust, now });
  const verifyMs = performance.now() - start;
  const [first, second, ...rest] = linked.reads.toSorted((a, b) => stage(a) - stage(b));
  const fetched = performance.now();
  await Promise.all([listAll(source), get(source, first)]);
  await get(source, second);
  await Promise.all(rest.map((name) => get(source, name)));
  const redis = performance.now();
  for (let i = 0; i < 3; i += 1) {
    await client.ping();
  }
  return verifyMs + (redis - fetched) + (performance.now() - redis);
}

/** timestamp first, then the snapshot it names, then all others. */
function stage(name: string): number {
  if (name === 'timestamp.json') {
    return 0;
  }
  return name.endsWith('.snapshot.json') ? 1 : 2;
}

function get(source: MetadataSource, name: string | undefined): Promise<Uint8Array> {
  return source.get(name ?? '', { maxBytes: 64_000_000 });
}

function requestFor(
  files: ReadonlyMap<string, Buffer>,
  source: MetadataSource,
  store: RunRequest['store'],
): RunRequest {
  const sha256 = createHash('sha256')
    .update(files.get('1.root.json') ?? '')
    .digest('hex');
  return {
    taskID: randomUUID(),
    app,
    mode: 'Recover',
    strategy: 'IfNeeded',
    approval: { kind: 'Automatic' },
    overrides: {},
    trust: { anchor: { kind: 'sha256', sha256 }, policy: { mode: 'recovery' } },
    source,
    store,
    now: REFERENCE_TIME,
    deadline: new Date(Date.now() + 300_000),
    clock: systemClock,
    signal: new AbortController().signal,
    observer: { progress: () => {}, trusted: () => {}, planned: () => {}, accepted: () => {} },
  };
}
