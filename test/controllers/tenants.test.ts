import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { conditionOf } from './support/namespace.ts';
import { type CalmTenant, lossKinds } from './support/tenants/calm-tenant.ts';
import type { HostileTenant } from './support/tenants/hostile-tenant.ts';
import { type Soak, startSoak } from './support/tenants/soak.ts';

// The short form of `npm run bench:soak`, which measures times and memory over a long while.
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

const untruths = async (): Promise<readonly string[]> =>
  (await Promise.all(soak.calm.map((tenant) => tenant.untruths()))).flat();

/** The other one of the two well-behaved tenants. */
function otherThan(tenant: CalmTenant): CalmTenant {
  const other = soak.calm.find((each) => each !== tenant);
  if (other === undefined) {
    throw new Error('a soak has two well-behaved tenants');
  }
  return other;
}

/** Most that the process ever held, in MiB. */
async function peakMemory(): Promise<number> {
  const status = await readFile(`/proc/${soak.controller.process.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

test('every loss of two tenants is known and repaired while a third one does its worst', async () => {
  await expect.poll(untruths).toEqual([]);
  for (const kind of lossKinds) {
    for (const tenant of soak.calm) {
      const lose = () => tenant.lose(kind, soak.random, soak.random.pick(tenant.apps));
      // What happens to another tenant makes no condition untrue, not even for a moment.
      expect(await otherThan(tenant).sayingMeanwhile(lose)).toEqual([]);
      await expect.poll(untruths).toEqual([]);
    }
  }
  expect(hostile.done.changes).toBeGreaterThan(0);
  expect(hostile.done.runs).toBeGreaterThan(0);
  expect(hostile.done.configMaps).toBeGreaterThan(0);
  expect(await soak.faults()).toEqual([]);
  // The limit of its container by default.
  expect(await peakMemory()).toBeLessThan(512);
}, 900_000);

test("an outage of a tenant's Redis and its end show in the status of its target alone", async () => {
  const [tenant] = soak.calm;
  if (tenant === undefined) {
    throw new Error('a soak has well-behaved tenants');
  }
  const { redis } = tenant.installation;
  const reachable = async (status: string) =>
    conditionOf(await tenant.namespace.target(), 'RedisReachable')?.status === status;
  const outage = async (): Promise<void> => {
    await redis.process[Symbol.asyncDispose]();
    await poll('RedisReachable to be False', () => reachable('False'));
    await redis.restart();
    await poll('RedisReachable to be True', () => reachable('True'));
  };
  expect(await otherThan(tenant).sayingMeanwhile(outage)).toEqual([]);
  await expect.poll(untruths).toEqual([]);
  expect(await soak.faults()).toEqual([]);
}, 900_000);
