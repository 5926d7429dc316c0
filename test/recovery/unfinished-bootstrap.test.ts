import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import { type Site, startSite } from './fixtures/site.ts';
import { dumpOf } from './fixtures/world.ts';

const ID = '7df44cd8-adbe-4533-acd9-0467edf09b05';
const DAY_SECONDS = 86_400;

let site: Site;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site[Symbol.asyncDispose]());

beforeEach(() => site.heal());

/**
 * A run on the app as a bootstrap leaves it that has uploaded only these files, with what Redis then holds.
 */
async function recoverFrom(files: readonly string[]) {
  const { world } = site;
  const whole = new Map(world.files);
  for (const name of whole.keys()) {
    if (!files.includes(name)) {
      world.files.delete(name);
    }
  }
  await using directory = await world.publish();
  for (const [name, file] of whole) {
    world.files.set(name, file);
  }
  const before = await dumpOf(site.client);
  const outcome = await runAttempt(site.request({ source: new DirectorySource(directory.path) }));
  expect(await dumpOf(site.client)).toEqual(before);
  return outcome;
}

/**
 * The keys of a bootstrap under way, as recorded; its record was last written so long ago by Redis' clock.
 */
async function bootstrapping(silentSeconds: number): Promise<void> {
  const record = { state: 'RUNNING', result: { task: 'bootstrap', last_update: '2001-01-01T00:00:00Z' } };
  await site.client.mset(site.world.key('BOOTSTRAP'), `pre-${ID}`, `pre-${ID}`, ID);
  await site.client.set(`task:${ID}`, JSON.stringify(record), 'EX', DAY_SECONDS - silentSeconds);
}

describe.each([
  ['nothing', []],
  ['delegated roles', ['1.default.json']],
  ['the root', ['1.default.json', '1.nightly.json', '1.Beta-Channel.json', '1.root.json']],
  ['everything but the timestamp', ['1.default.json', '1.root.json', '1.targets.json', '1.snapshot.json']],
])('a bootstrap that has uploaded %s', (_, files) => {
  test('is waited for while its record is fresh, whatever clock wrote it', async () => {
    await bootstrapping(60);
    const outcome = await recoverFrom(files);
    expect(outcome).toMatchObject({
      state: 'InProgress',
      succeeded: { reason: 'BootstrapInProgress', message: expect.stringContaining(ID) },
      accepted: { reason: 'BootstrapInProgress', blockingTask: ID },
    });
  });

  test('has failed when it was silent for longer than half an hour: id, keys and ways out are named', async () => {
    await bootstrapping(1_801);
    const outcome = await recoverFrom(files);
    expect(outcome).toMatchObject({ state: 'FailedBootstrap', succeeded: { reason: 'FailedBootstrap' } });
    const { message } = outcome.succeeded;
    for (const part of [
      ID,
      site.world.key('BOOTSTRAP'),
      `pre-${ID}`,
      'timestamp.json',
      'Upload the missing files',
    ]) {
      expect(message).toContain(part);
    }
  });
});

test('with every file uploaded a fresh bootstrap is in progress and a silent one is a stale marker', async () => {
  await bootstrapping(60);
  expect((await runAttempt(site.request())).state).toBe('InProgress');
  await bootstrapping(1_801);
  expect(await runAttempt(site.request())).toMatchObject({
    state: 'StaleMarker',
    succeeded: { reason: 'Recovered' },
  });
});

test('a bootstrap that the server ended as failed leaves settings, files and no marker', async () => {
  await site.client.del(site.world.key('BOOTSTRAP'));
  const outcome = await recoverFrom(['1.default.json', '1.root.json', '1.targets.json']);
  expect(outcome.succeeded).toMatchObject({
    reason: 'FailedBootstrap',
    message: expect.stringContaining('1.snapshot.json, timestamp.json are missing'),
  });
});
