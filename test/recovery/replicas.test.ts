import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { startRedis } from '../harness/redis.ts';
import { type Site, startSite } from './fixtures/site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site[Symbol.asyncDispose]());

test('a write that too few replicas confirm is no success; the next attempt proves it once they do', async () => {
  await site.client.flushall();
  const taskID = randomUUID();
  const alone = await runAttempt(site.request({ taskID, minReplicas: 1 }));
  expect(alone.succeeded).toMatchObject({
    reason: 'PostVerificationFailed',
    message: expect.stringContaining('0 of 1 replicas'),
  });
  expect(await site.client.exists(site.world.key('RECOVERY_LOCK'))).toBe(0);
  // All or nothing holds all the same.
  expect(await site.app.differences(site.client, taskID)).toEqual([]);

  await using replica = await startRedis({ replicaOf: site.redis });
  const reader = await replica.client();
  await expect
    .poll(async () => (await reader.info('replication')).includes('master_link_status:up'))
    .toBe(true);
  const confirmed = await runAttempt(site.request({ taskID, minReplicas: 1, resumed: true }));
  expect(confirmed.succeeded.reason).toBe('Recovered');
  expect(await site.app.differences(reader, taskID)).toEqual([]);
});
