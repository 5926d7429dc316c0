import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ControllerProcess, startController } from '../controllers/support/controller-process.ts';
import { type Installation, startInstallation } from '../controllers/support/installation.ts';
import { type TestNamespace, testNamespace } from '../controllers/support/namespace.ts';
import type { GoldenApp } from '../harness/golden.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ShimProcess, startShimProcess } from './support/shim-process.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

/**
 * Everything real: API server, Redis, S3, controller process, shim process, tokens; the app is one a real
 * server wrote.
 */
let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess | undefined;
let shim: ShimProcess;
let app: GoldenApp;
let redis: Redis;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer(), 'shim-e2e');
  installation = await startInstallation(['deleg']);
  app = installation.app('deleg');
  // Apps that are not pinned are verified too, or the shim could not tell that they do not exist.
  const trust = { ...installation.target().spec.trust, onFirstUse: true };
  await namespace.apply(...installation.secrets, installation.target('default', { trust }));
  controller = await startController(namespace);
  shim = await startShimProcess(namespace.cluster, namespace.name, [
    `--admin=${app.admin}`,
    '--decision-timeout=30',
    '--rate-limit=100000',
  ]);
  redis = await installation.redis.client();
});
afterAll(async () => {
  await shim?.[Symbol.asyncDispose]();
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await redis.flushdb();
});

interface Reply {
  readonly status: number;
  readonly task: string;
  readonly error: string | undefined;
}

const headers = (admin = app.admin): Record<string, string> => ({
  Authorization: `Bearer ${tokenFor(admin)}`,
});

async function post(appName = app.app, to = shim): Promise<Reply> {
  const response = await fetch(`${to.url}/tuf/v1/bootstrap/recovery`, {
    method: 'POST',
    headers: headers(),
    body: JSON.stringify({ appName }),
  });
  const body = (await response.json()) as { error?: string; data?: { task_id: string } };
  return { status: response.status, task: body.data?.task_id ?? '', error: body.error };
}

async function ended(task: string, from = shim): Promise<{ state: string; result: { message?: string } }> {
  return await poll(`task ${task} to end`, async () => {
    const response = await fetch(`${from.url}/tuf/v1/task?task_id=${task}`, { headers: headers() });
    const { data } = (await response.json()) as {
      data: { state: string; result: { status?: boolean; message?: string } };
    };
    return data.result?.status === undefined ? undefined : data;
  });
}

const NOT_REQUIRED = {
  status: 409,
  error: 'Recovery not required: Redis state is already complete and consistent',
};

describe('a lost app, asked for over HTTP', () => {
  test('comes back exactly, its task is done, and asking again is needless', async () => {
    const { status, task } = await post();
    expect(status, await shim.process.log()).toBe(202);
    expect(await ended(task)).toMatchObject({
      state: 'SUCCESS',
      result: {
        message: 'Bootstrap recovery completed successfully',
        status: true,
        task: 'bootstrap_recovery',
      },
    });
    expect(await app.differences(redis, task)).toEqual([]);
    expect(await redis.get(`BOOTSTRAP_${app.admin}_${app.app}`)).toBe(task);
    // The server's own GET /tuf/v1/task reads this record.
    expect(JSON.parse((await redis.get(`task:${task}`)) ?? '{}')).toMatchObject({ state: 'SUCCESS' });
    expect(await post()).toMatchObject(NOT_REQUIRED);
  });

  test('asked for five times at once is one task, as on the server', async () => {
    const replies = await Promise.all(Array.from({ length: 5 }, () => post()));
    const [accepted, ...others] = replies.filter(({ status }) => status === 202);
    expect(others).toEqual([]);
    const texts = replies.filter(({ status }) => status === 409).map(({ error }) => error);
    expect(texts).toHaveLength(4);
    // A request that comes after the end of the first gets the answer that nothing is left to do.
    for (const text of texts) {
      expect(['Recovery already in progress for this admin and app', NOT_REQUIRED.error]).toContain(text);
    }
    expect((await ended(accepted?.task ?? '')).state).toBe('SUCCESS');
  });

  test('asked for while no controller works is recovered when one comes', async () => {
    await controller?.[Symbol.asyncDispose]();
    controller = undefined;
    await using impatient = await startShimProcess(namespace.cluster, namespace.name, [
      `--admin=${app.admin}`,
      '--decision-timeout=1',
    ]);
    const { status, task } = await post(app.app, impatient);
    expect(status).toBe(202);
    expect(await redis.dbsize()).toBe(0);
    expect(await post(app.app, impatient)).toMatchObject({
      status: 409,
      error: 'Recovery already in progress for this admin and app',
    });
    controller = await startController(namespace);
    expect((await ended(task, impatient)).state).toBe('SUCCESS');
    expect(await app.differences(redis, task)).toEqual([]);
    expect((await impatient.process.stop()).code).toBe(0);
  });
});

test('while Redis is away a recovery is accepted, and done when Redis is back', async () => {
  await using impatient = await startShimProcess(namespace.cluster, namespace.name, [
    `--admin=${app.admin}`,
    '--decision-timeout=1',
  ]);
  await installation.redis.process.kill();
  const { status, task } = await post(app.app, impatient);
  expect(status).toBe(202);
  await installation.redis.restart();
  expect((await ended(task, impatient)).state).toBe('SUCCESS');
  const back = await installation.redis.client();
  expect(await app.differences(back, task)).toEqual([]);
});

describe('what stands in the way is said as the server says it', () => {
  test('an app that was never bootstrapped', async () => {
    expect(await post('nosuch')).toMatchObject({
      status: 409,
      error: 'No persisted root metadata found. Bootstrap must be completed before recovery.',
    });
  });

  test('the lock of another task; and nothing happens later, when it is gone', async () => {
    const lock = `RECOVERY_LOCK_${app.admin}_${app.app}`;
    await redis.set(lock, '11111111-2222-4333-8444-555555555555', 'EX', 300);
    expect(await post()).toMatchObject({
      status: 409,
      error: 'Recovery already in progress for this admin and app',
    });
    await redis.del(lock);
    await poll('the run to be over', async () => {
      const list = JSON.parse(await namespace.kubectl('get', 'bsr', '--output=json')) as {
        items: { status?: { conditions?: { type: string; status: string }[] } }[];
      };
      return list.items.every(({ status }) =>
        status?.conditions?.some(
          (condition) => condition.type === 'Succeeded' && condition.status !== 'Unknown',
        ),
      );
    });
    expect(await redis.get(`BOOTSTRAP_${app.admin}_${app.app}`)).toBeNull();
  });

  test("the server's own bootstrap, with its task", async () => {
    const task = 'c9228828-c5c3-489e-98d6-712a1b5cca6d';
    await redis.set(`BOOTSTRAP_${app.admin}_${app.app}`, `pre-${task}`);
    await redis.set(`pre-${task}`, task);
    const record = { state: 'RUNNING', result: { task: 'bootstrap', last_update: new Date().toISOString() } };
    await redis.set(`task:${task}`, JSON.stringify(record));
    expect(await post()).toMatchObject({
      status: 409,
      error: `Bootstrap already in progress for this admin and app (task_id=${task})`,
    });
  });

  test('a key of another type', async () => {
    await redis.rpush(`BOOTSTRAP_${app.admin}_${app.app}`, 'x');
    expect(await post()).toMatchObject({ status: 503, error: 'Failed to evaluate recovery precheck' });
  });
});

test('the process ends with 0 on SIGTERM, and never logged the secret', async () => {
  await using other = await startShimProcess(namespace.cluster, namespace.name, [`--admin=${app.admin}`]);
  expect((await fetch(`${other.url}/tuf/v1/task?task_id=x`, { headers: headers() })).status).toBe(200);
  expect((await fetch(`${other.url}/tuf/v1/task?task_id=x`, { headers: headers('mallory') })).status).toBe(
    401,
  );
  expect(await other.process.stop()).toEqual({ code: 0, signal: null });
  const log = `${await other.process.log()}${await shim.process.log()}`;
  expect(log).toContain('shut down');
  expect(log).not.toContain(SECRET);
  expect(log).not.toMatch(/authorization|bearer|eyJ/i);
});
