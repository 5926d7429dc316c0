import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import { GOLDEN_APPS, type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { requestFor } from './fixtures/engine.ts';
import { type GoldenRuns, startGoldenRuns } from './fixtures/golden-runs.ts';

const DAY_MS = 86_400_000;

let site: GoldenRuns;

beforeAll(async () => {
  site = await startGoldenRuns();
});

afterAll(() => site?.[Symbol.asyncDispose]());

beforeEach(async () => {
  await site.client.flushall();
});

/** Everything Redis holds, values and times to live, for "nothing was written". */
async function dump(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const key of await site.client.keys('*')) {
    found[key] =
      `${await site.client.type(key)} ${await site.client.get(key)} ${await site.client.expiretime(key)}`;
  }
  return found;
}

describe.each(GOLDEN_APPS)('app %s, written by the real server', (name) => {
  let app: GoldenApp;
  let directory: TemporaryDirectory;
  let source: DirectorySource;

  beforeAll(async () => {
    app = await goldenApp(name);
    directory = await temporaryDirectory('golden');
    await app.writeTo(directory.path);
    source = new DirectorySource(directory.path);
  });

  afterAll(async () => {
    await directory[Symbol.asyncDispose]();
  });

  test.each([0, 1.5, 2.5, 20])(
    'every setting comes back exactly after full loss, %d days later',
    async (days) => {
      const taskID = randomUUID();
      const now = new Date(app.newest.getTime() + days * DAY_MS);
      const outcome = await runAttempt(requestFor({ app, source, store: site.store }, { taskID, now }));

      expect(outcome.succeeded).toMatchObject({ reason: 'Recovered' });
      expect(outcome).toMatchObject({
        taskID,
        state: 'FullLoss',
        retry: 'none',
        error: undefined,
        accepted: { reason: 'RecoveryRequired' },
        trustVerified: { reason: 'MetadataVerified' },
        stateVerified: { reason: 'Consistent' },
        verification: { missingKeys: 0, invalidKeys: 0 },
      });
      expect(await app.differences(site.client, taskID)).toEqual([]);
    },
  );

  test('nothing else in Redis changes but the record of the task; the lock is gone', async () => {
    await site.client.set('BOOTSTRAP_admin_other', 'someone-else');
    const taskID = randomUUID();
    await runAttempt(requestFor({ app, source, store: site.store }, { taskID }));

    const own = [...app.settings.keys()];
    const keys = await site.client.keys('*');
    expect(keys.sort()).toEqual([...own, 'BOOTSTRAP_admin_other', `task:${taskID}`].sort());
    expect(await site.client.get('BOOTSTRAP_admin_other')).toBe('someone-else');
    expect(JSON.parse((await site.client.get(`task:${taskID}`)) ?? '')).toEqual({
      state: 'SUCCESS',
      result: {
        message: 'Bootstrap recovery completed successfully',
        status: true,
        task: 'bootstrap_recovery',
        last_update: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
      },
    });
    expect(await site.client.ttl(`task:${taskID}`)).toBeGreaterThan(6 * 86_400);
  });

  test('a second run finds nothing to do and writes nothing', async () => {
    await runAttempt(requestFor({ app, source, store: site.store }));
    const before = await dump();
    const outcome = await runAttempt(requestFor({ app, source, store: site.store }));

    expect(outcome.succeeded.reason).toBe('AlreadyConsistent');
    expect(outcome.accepted?.reason).toBe('NotRequired');
    expect(outcome.state).toBe('Healthy');
    expect(await dump()).toEqual(before);
  });

  test('the healthy app that the real server left is consistent, and nothing is written', async () => {
    await app.restoreTo(site.client);
    const before = await dump();
    const outcome = await runAttempt(requestFor({ app, source, store: site.store }));

    expect(outcome.succeeded.reason).toBe('AlreadyConsistent');
    expect(
      outcome.plan?.actions.every(({ kind, source: from }) => kind === 'Keep' && from === 'Survivor'),
    ).toBe(true);
    expect(await dump()).toEqual(before);
  });

  test('every rebuilt value says where it comes from', async () => {
    const outcome = await runAttempt(requestFor({ app, source, store: site.store }));
    const sources = new Map(
      outcome.plan?.actions.map(({ key, source: from, confidence }) => [key, `${from} ${confidence}`]),
    );
    const suffix = `admin_${app.app}`;
    expect(sources.get(`SNAPSHOT_EXPIRATION_${suffix}`)).toBe('Inferred high');
    expect(sources.get(`ROOT_THRESHOLD_${suffix}`)).toBe('Metadata exact');
    expect(sources.get(`BOOTSTRAP_${suffix}`)).toBe('Default exact');
    expect(sources.get(`TARGETS_ONLINE_KEY_${suffix}`)).toBe('Default high');
  });
});

test('settings that were changed and never signed with cannot be known: the lifetimes of the last signing come back', async () => {
  const app = await goldenApp('config', 'configured-not-signed');
  await using directory = await temporaryDirectory('golden');
  await app.writeTo(directory.path);
  const source = new DirectorySource(directory.path);
  const outcome = await runAttempt(requestFor({ app, source, store: site.store }));

  expect(outcome.succeeded.reason).toBe('Recovered');
  expect(
    await site.client.mget('TARGETS_EXPIRATION_admin_config', 'SNAPSHOT_EXPIRATION_admin_config'),
  ).toEqual(['30', '7']);
});

test('settings that were captured after the change are exact even if nothing was signed with them', async () => {
  const app = await goldenApp('config', 'configured-not-signed');
  await using directory = await temporaryDirectory('golden');
  await app.writeTo(directory.path);
  const source = new DirectorySource(directory.path);
  const taskID = randomUUID();
  const captured = { capturedAt: new Date(app.newest.getTime() + 60_000), values: app.settings };
  const outcome = await runAttempt(requestFor({ app, source, store: site.store }, { taskID, captured }));

  expect(outcome.succeeded.reason).toBe('Recovered');
  expect(await app.differences(site.client, taskID)).toEqual([]);
});
