import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import { GOLDEN_APPS, type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { requestFor, storeAt } from './fixtures/engine.ts';
import { endsAtHTTP, expectationFor } from './fixtures/scenarios/index.ts';
import { recordedScenarios, type Scenario } from './fixtures/scenarios/recording.ts';
import { dumpOf, healthyWorld, type World } from './fixtures/world.ts';

let redis: RedisServer;
let client: Redis;

beforeAll(async () => {
  redis = await startRedis();
  client = await redis.client();
});

afterAll(async () => {
  await redis.stop();
});

const scenarios = recordedScenarios();
const name = ({ line, app, scenario }: Scenario): string => `line ${line}, ${app}: ${scenario}`;

async function load(app: string): Promise<GoldenApp> {
  const known = GOLDEN_APPS.find((candidate) => candidate === app);
  if (known === undefined) {
    throw new Error(`The recording has no app ${app}.`);
  }
  return goldenApp(known);
}

/** The server as a user sees it who may read every key and write those. */
async function urlFor(writable: readonly string[] | undefined): Promise<string> {
  if (writable === undefined) {
    return redis.url;
  }
  const keys = writable.map((pattern) => `~${pattern}`);
  await client.acl('SETUSER', 'partial', 'reset', 'on', '>secret', '+@all', '%R~*', ...keys);
  return redis.url.replace('redis://', 'redis://partial:secret@');
}

/** What Redis should hold when every setting is back, in the words of the harness. */
async function differences(world: World, marker: string | undefined, kept: Readonly<Record<string, string>>) {
  const expected = Object.entries(kept).map(([setting, value]) => [world.key(setting), value] as const);
  for (const [key, value] of expected) {
    expect(await client.get(key)).toBe(value);
    await client.set(key, world.app.settings.get(key) ?? '');
  }
  return world.app.differences(client, marker);
}

describe('what the real server was recorded to do, and what a run does', () => {
  test('every recorded scenario is either answered over HTTP or has an expectation', () => {
    const unknown = scenarios.filter(
      (scenario) => !endsAtHTTP(scenario) && expectationFor(scenario) === undefined,
    );
    expect(unknown.map(name)).toEqual([]);
    expect(scenarios.length).toBeGreaterThan(150);
  });

  test.each(
    scenarios
      .filter((scenario) => expectationFor(scenario) !== undefined)
      .map((scenario) => [name(scenario), scenario] as const),
  )('%s', async (_, scenario) => {
    const expected = expectationFor(scenario);
    if (expected === undefined) {
      throw new Error('Filtered above.');
    }
    const { row, groups } = expected;
    const world = await healthyWorld(await load(scenario.app), client);
    await row.arrange?.(world, groups);
    await using directory = await world.publish();
    const before = await dumpOf(client);
    const store = storeAt(await urlFor(row.writable));
    const taskID = randomUUID();
    const request = requestFor(
      { app: world.app, source: new DirectorySource(directory.path), store },
      { taskID, ...row.request?.(world, groups) },
    );
    const outcome = await runAttempt(request);

    expect(outcome.succeeded).toMatchObject({ reason: row.reason });
    if (row.state) {
      expect(outcome.state).toBe(row.state);
    }
    if (row.redis === 'untouched') {
      const after = new Map(await dumpOf(client));
      // A task that fails after it took the lock says so in its record, as the server's own does.
      after.delete(`task:${taskID}`);
      expect(after).toEqual(before);
    } else {
      const marker = row.redis === 'restored' ? taskID : undefined;
      expect(await differences(world, marker, row.kept ?? {})).toEqual([]);
      const again = await runAttempt({ ...request, taskID: randomUUID() });
      expect(again.succeeded.reason).toBe('AlreadyConsistent');
    }
    await store.close();
  });
});
