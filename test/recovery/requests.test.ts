import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import type { MetadataSource } from '../../src/storage/source.ts';
import { GOLDEN_APPS, type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { requestFor, storeAt } from './fixtures/engine.ts';
import { countRoundTrips } from './fixtures/round-trips.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

beforeEach(async () => {
  await (await redis.client()).flushall();
});

/** A source that remembers what it was asked for. */
function remembering(source: MetadataSource) {
  const asked = { lists: 0, gets: [] as string[] };
  const remembered: MetadataSource = {
    location: source.location,
    list: (signal) => {
      asked.lists += 1;
      return source.list(signal);
    },
    get: (name, options) => {
      asked.gets.push(name);
      return source.get(name, options);
    },
  };
  return { source: remembered, asked };
}

/** The files that the chain links: every root, and the newest version of everything else. */
function linkedFiles(app: GoldenApp): string[] {
  const newest = new Map<string, number>();
  const files = ['timestamp.json'];
  for (const { name } of app.objects) {
    const [, version, role] = /^(\d+)\.(.+)\.json$/.exec(name) ?? [];
    if (version === undefined || role === undefined) {
      continue;
    }
    if (role === 'root') {
      files.push(name);
    } else {
      newest.set(role, Math.max(Number(version), newest.get(role) ?? 0));
    }
  }
  return [...files, ...[...newest].map(([role, version]) => `${version}.${role}.json`)].sort();
}

/** Apps whose newest snapshot lives as long as the default of the server and is not the first. */
const HISTORY_READS: Readonly<Record<string, number>> = { published: 4 };

describe.each(GOLDEN_APPS)('recovering %s', (name) => {
  test('costs one listing, one read per linked file, at most four of history, and four round trips to Redis', async () => {
    const app = await goldenApp(name);
    await using directory = await temporaryDirectory('requests');
    await app.writeTo(directory.path);
    const { source, asked } = remembering(new DirectorySource(directory.path));
    await using counter = await countRoundTrips(redis);
    const store = storeAt(`redis://127.0.0.1:${counter.port}`);

    expect((await runAttempt(requestFor({ app, source, store }))).succeeded.reason).toBe('Recovered');
    expect(asked.lists).toBe(1);
    const linked = linkedFiles(app);
    expect(asked.gets).toEqual(expect.arrayContaining(linked));
    expect(new Set(asked.gets.slice(0, linked.length))).toEqual(new Set(linked));
    // A lifetime that equals a default of the server is held against three earlier versions; root is read
    // once more.
    const history = asked.gets.length - linked.length;
    expect(history).toBe(HISTORY_READS[name] ?? 0);
    expect(counter.roundTrips).toBeLessThanOrEqual(4);

    const before = counter.roundTrips;
    expect((await runAttempt(requestFor({ app, source, store }))).succeeded.reason).toBe('AlreadyConsistent');
    expect(counter.roundTrips - before).toBe(1);
    await store.close();
  });
});

test('a bucket that is not believed costs no round trip to Redis at all', async () => {
  const app = await goldenApp('deleg');
  await using directory = await temporaryDirectory('requests');
  await app.writeTo(directory.path);
  await using counter = await countRoundTrips(redis);
  const store = storeAt(`redis://127.0.0.1:${counter.port}`);
  const trust = { anchor: { kind: 'sha256', sha256: '0'.repeat(64) }, policy: { mode: 'recovery' } } as const;
  const outcome = await runAttempt(
    requestFor({ app, source: new DirectorySource(directory.path), store }, { trust }),
  );
  expect(outcome.succeeded.reason).toBe('TrustVerificationFailed');
  expect(counter.roundTrips).toBe(0);
  await store.close();
});
