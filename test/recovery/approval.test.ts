import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { type Site, startSite } from './fixtures/site.ts';
import { dumpOf } from './fixtures/world.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site[Symbol.asyncDispose]());

beforeEach(async () => {
  await site.client.flushall();
});

const taskID = '11111111-1111-4111-8111-111111111111';

describe('approval Manual', () => {
  test('nothing is written, not even the lock, until the plan is approved; then exactly that plan', async () => {
    const waiting = await runAttempt(site.request({ taskID, approval: { kind: 'Manual' } }));
    expect(waiting).toMatchObject({ succeeded: { reason: 'AwaitingApproval' }, retry: 'wait' });
    expect(await site.client.dbsize()).toBe(0);

    const approvedPlan = waiting.plan?.digest ?? '';
    const outcome = await runAttempt(site.request({ taskID, approval: { kind: 'Manual', approvedPlan } }));
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(outcome.plan?.digest).toBe(approvedPlan);
    expect(await site.app.differences(site.client, taskID)).toEqual([]);
  });

  test('a plan that has changed since is not carried out', async () => {
    const { plan } = await runAttempt(site.request({ taskID, approval: { kind: 'Manual' } }));
    await site.client.set(site.world.key('SNAPSHOT_EXPIRATION'), '30');
    const before = await dumpOf(site.client);
    const approval = { kind: 'Manual', approvedPlan: plan?.digest ?? '' } as const;
    const outcome = await runAttempt(site.request({ taskID, approval }));
    expect(outcome.succeeded).toMatchObject({
      reason: 'AwaitingApproval',
      message: expect.stringContaining('changed since'),
    });
    expect(await dumpOf(site.client)).toEqual(before);
  });

  test('an approval says nothing about another task, whose marker would be another', async () => {
    const { plan } = await runAttempt(site.request({ taskID, approval: { kind: 'Manual' } }));
    const approval = { kind: 'Manual', approvedPlan: plan?.digest ?? '' } as const;
    expect((await runAttempt(site.request({ approval }))).succeeded.reason).toBe('AwaitingApproval');
  });
});

describe('mode Verify', () => {
  test('says what a recovery would write, and writes nothing', async () => {
    const outcome = await runAttempt(site.request({ mode: 'Verify' }));
    expect(outcome).toMatchObject({
      state: 'FullLoss',
      succeeded: { reason: 'DriftDetected' },
      accepted: undefined,
      stateVerified: { reason: 'KeysMissing' },
      retry: 'none',
    });
    expect(outcome.plan?.actions.every(({ kind }) => kind === 'Create')).toBe(true);
    expect(await site.client.dbsize()).toBe(0);
  });

  test('says that a healthy app is healthy', async () => {
    await site.heal();
    const before = await dumpOf(site.client);
    expect(await runAttempt(site.request({ mode: 'Verify', strategy: 'Always' }))).toMatchObject({
      state: 'Healthy',
      succeeded: { reason: 'Verified' },
      stateVerified: { reason: 'Consistent' },
    });
    expect(await dumpOf(site.client)).toEqual(before);
  });

  test('sees invalid settings', async () => {
    await site.heal();
    await site.client.set(site.world.key('TARGETS_EXPIRATION'), '-1');
    expect(await runAttempt(site.request({ mode: 'Verify' }))).toMatchObject({
      succeeded: { reason: 'DriftDetected' },
      stateVerified: { reason: 'KeysInvalid' },
      verification: { missingKeys: 0, invalidKeys: 1 },
    });
  });
});

describe('strategy Always', () => {
  test('proves a healthy app under the lock and leaves a task record, and nothing else', async () => {
    await site.heal();
    const before = await dumpOf(site.client);
    const outcome = await runAttempt(site.request({ taskID, strategy: 'Always' }));
    expect(outcome.succeeded.reason).toBe('AlreadyConsistent');
    const after = new Map(await dumpOf(site.client));
    expect(after.delete(`task:${taskID}`)).toBe(true);
    expect(after).toEqual(before);
  });
});

describe('overrides', () => {
  test('win over what the metadata says, for settings that are lost', async () => {
    const overrides = {
      expirations: { targets: 11, roles: new Map([['nightly', 12]]) },
      targetsOnlineKey: false,
    };
    const outcome = await runAttempt(site.request({ overrides }));
    expect(outcome.succeeded.reason).toBe('Recovered');
    const keys = ['TARGETS_EXPIRATION', 'nightly_EXPIRATION', 'TARGETS_ONLINE_KEY', 'SNAPSHOT_EXPIRATION'];
    expect(await site.client.mget(keys.map(site.world.key))).toEqual(['11', '12', '0', '14']);
  });

  test('never replace a survivor', async () => {
    await site.heal();
    await site.client.del(site.world.key('BOOTSTRAP'));
    await runAttempt(site.request({ overrides: { expirations: { targets: 11 } } }));
    expect(await site.client.get(site.world.key('TARGETS_EXPIRATION'))).toBe('90');
  });
});
