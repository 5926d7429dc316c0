import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { conditionOf } from './support/namespace.ts';
import { lossKinds } from './support/tenants/calm-tenant.ts';
import type { HostileTenant } from './support/tenants/hostile-tenant.ts';
import { type Soak, startSoak } from './support/tenants/soak.ts';

let soak: Soak;
let hostile: HostileTenant;

beforeAll(async () => {
  soak = await startSoak(await sharedAPIServer(), { seed: 'tenants', apps: 2 });
  hostile = await soak.startHostile({
    targets: 6,
    appsPerTarget: 20,
    runs: 60,
    churnPerSecond: 10,
    listingPauseMs: 20,
  });
}, 900_000);

afterAll(async () => {
  await hostile?.[Symbol.asyncDispose]();
  await soak?.[Symbol.asyncDispose]();
});

const allIsWell = async () => (await Promise.all(soak.calm.map((tenant) => tenant.untruths()))).flat();

// The long form is `npm run bench:soak`: it measures how long each of this takes.
test('whatever one tenant does, every loss of the others is known, repaired, and told as it is', async () => {
  for (const kind of lossKinds) {
    for (const tenant of soak.calm) {
      await tenant.lose(kind, soak.random, soak.random.pick(tenant.apps));
    }
    await expect.poll(allIsWell).toEqual([]);
  }
  expect(hostile.done.changes).toBeGreaterThan(0);
  expect(hostile.done.configMaps).toBeGreaterThan(0);
  expect(await soak.faults()).toEqual([]);
}, 900_000);

test('a Redis of another that is away is told, and so is its return', async () => {
  const [tenant] = soak.calm;
  if (tenant === undefined) {
    throw new Error('a soak has well-behaved tenants');
  }
  const { redis } = tenant.installation;
  const reachable = async (status: string) =>
    conditionOf(await tenant.namespace.target(), 'RedisReachable')?.status === status;
  await redis.process[Symbol.asyncDispose]();
  await poll('its absence to be told', () => reachable('False'));
  await redis.restart();
  await poll('its return to be told', () => reachable('True'));
  await expect.poll(allIsWell).toEqual([]);
  expect(await soak.faults()).toEqual([]);
}, 900_000);
