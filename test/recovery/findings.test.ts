import { readdir, utimes } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import { startRedis } from '../harness/redis.ts';
import { storeAt } from './fixtures/engine.ts';
import { type Site, startSite } from './fixtures/site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite('deleg', { config: [['maxmemory-policy', 'allkeys-lru']] });
});

afterAll(() => site[Symbol.asyncDispose]());

beforeEach(async () => {
  await site.client.flushall();
});

async function codes(overrides = {}): Promise<string[]> {
  return (await runAttempt(site.request(overrides))).findings.map(({ code }) => code);
}

describe('a report says', () => {
  test('that Redis may lose the settings again', async () => {
    expect(await codes()).toEqual(expect.arrayContaining(['RedisEvictsKeys', 'RedisNotPersistent']));
  });

  test('that a setting would have expired, and that it no longer does', async () => {
    await site.heal();
    const key = site.world.key('TARGETS_EXPIRATION');
    await site.client.expire(key, 1_000);
    const outcome = await runAttempt(site.request());
    expect(outcome).toMatchObject({ succeeded: { reason: 'Recovered' }, state: 'Healthy' });
    expect(outcome.findings).toContainEqual(
      expect.objectContaining({ code: 'SettingWillExpire', detail: expect.stringContaining(key) }),
    );
    expect(await site.client.ttl(key)).toBe(-1);
  });

  test('that a displayed setting is not what the newest root says', async () => {
    await site.heal();
    await site.client.set(site.world.key('ROOT_THRESHOLD'), '1');
    const outcome = await runAttempt(site.request());
    expect(outcome.succeeded.reason).toBe('AlreadyConsistent');
    expect(outcome.findings.map(({ code }) => code)).toContain('SettingDiffersFromRoot');
  });

  test('that a ceremony is staged', async () => {
    await site.heal();
    await site.client.set(site.world.key('BETA-CHANNEL_SIGNING'), '{"signed":{}}');
    const outcome = await runAttempt(site.request());
    expect(outcome.state).toBe('Ceremony');
    expect(outcome.findings.map(({ code }) => code)).toContain('CeremonyStaged');
  });

  test('that a key of a wrong type was replaced', async () => {
    await site.client.lpush(site.world.key('TARGETS_EXPIRATION'), 'x');
    expect(await codes({ overrides: { replaceWrongType: true } })).toContain('WrongTypeReplaced');
  });

  test('which values are uncertain, and why, when the bucket is a copy', async () => {
    await using copy = await site.world.publish();
    const copied = new Date(site.app.newest.getTime() + 9.5 * 3_600_000);
    for (const name of await readdir(copy.path)) {
      await utimes(`${copy.path}/${name}`, copied, copied);
    }
    const outcome = await runAttempt(site.request({ source: new DirectorySource(copy.path) }));

    expect(outcome.succeeded.reason).toBe('Recovered');
    const uncertain = outcome.plan?.actions.filter(({ confidence }) => confidence === 'low') ?? [];
    expect(uncertain.map(({ key, after, doubt }) => [key, after, doubt?.candidates]).toSorted()).toEqual([
      [site.world.key('Beta-Channel_EXPIRATION'), '90', ['90', 'unknown']],
      [site.world.key('ROOT_EXPIRATION'), expect.any(String), undefined],
      [site.world.key('SNAPSHOT_EXPIRATION'), '14', ['14', 'unknown']],
      [site.world.key('TARGETS_EXPIRATION'), '90', ['90', 'unknown']],
      [site.world.key('TIMESTAMP_EXPIRATION'), '2', ['2', 'unknown']],
      [site.world.key('default_EXPIRATION'), '90', ['90', 'unknown']],
      [site.world.key('nightly_EXPIRATION'), '90', ['90', 'unknown']],
    ]);
    expect(outcome.findings.filter(({ code }) => code === 'UncertainValue')).toHaveLength(7);
    expect(
      outcome.findings
        .filter(({ code }) => code === 'LifetimeNotInferable')
        .map(({ role }) => role)
        .toSorted(),
    ).toEqual(['Beta-Channel', 'default', 'nightly', 'root', 'snapshot', 'targets', 'timestamp']);
    expect(outcome.findings.every(({ severity }) => severity === 'report')).toBe(true);
  });
});

test('a replica is good for mode Verify and says that it is one; for a recovery it is refused', async () => {
  await site.heal();
  await using replica = await startRedis({ replicaOf: site.redis });
  const reader = await replica.client();
  await expect
    .poll(async () => (await reader.info('replication')).includes('master_link_status:up'))
    .toBe(true);
  const store = storeAt(replica.url);
  const verified = await runAttempt(site.request({ store, mode: 'Verify' }));
  expect(verified.succeeded.reason).toBe('Verified');
  expect(verified.findings.map(({ code }) => code)).toContain('ReadFromReplica');

  await site.client.del(site.world.key('BOOTSTRAP'));
  await expect.poll(() => reader.exists(site.world.key('BOOTSTRAP'))).toBe(0);
  expect(await runAttempt(site.request({ store }))).toMatchObject({
    succeeded: { reason: 'RedisReadOnly' },
    retry: 'none',
  });
  await store.close();
});
