import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Tenants } from '../../src/shim/auth/tenants.ts';
import { recoveryResource } from '../../src/shim/runs/run-cache.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { applyCRDs, type RunningShim, startShim } from './support/running-shim.ts';
import { type Script, ScriptedController } from './support/scripted-controller.ts';
import { tokenFor } from './support/tokens.ts';

const running: Script = { accepted: 'RecoveryRequired', succeeded: 'Running' };

let cluster: APIServerAccess;
beforeAll(async () => {
  cluster = await sharedAPIServer();
  await applyCRDs(cluster);
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** Two shims and a controller on a namespace of their own. */
async function scene(script: (name: string) => Script | undefined = () => running) {
  const namespace = await cluster.createNamespace('one-task');
  const controller = new ScriptedController(cluster, namespace, (run) => script(run.spec.appName));
  const shims = [await startShim(cluster, namespace), await startShim(cluster, namespace)] as const;
  return {
    namespace,
    controller,
    shims,
    async [Symbol.asyncDispose]() {
      for (const part of [...shims, controller]) {
        await part[Symbol.asyncDispose]();
      }
    },
  };
}

interface Reply {
  readonly status: number;
  readonly task: string | undefined;
  readonly error: string | undefined;
}

async function post(
  shim: RunningShim,
  appName: string,
  { key, admin = 'alice' }: { key?: string; admin?: string } = {},
): Promise<Reply> {
  const response = await fetch(`${shim.url}/tuf/v1/bootstrap/recovery`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${tokenFor(admin)}`,
      ...(key !== undefined && { 'Idempotency-Key': key }),
    },
    body: JSON.stringify({ appName }),
  });
  const body = (await response.json()) as { error?: string; data?: { task_id: string } };
  return { status: response.status, task: body.data?.task_id, error: body.error };
}

/** True once the shim shows more of a task than of an unknown one. */
async function isKnown(shim: RunningShim, task: string | undefined): Promise<boolean> {
  const headers = { Authorization: `Bearer ${tokenFor('alice')}` };
  const response = await fetch(`${shim.url}/tuf/v1/task?task_id=${task}`, { headers });
  return ((await response.json()) as { data: { result?: unknown } }).data.result !== undefined;
}

describe('one recovery of an app at a time', () => {
  test('of 20 requests at once, on two shims, one is accepted and the others are refused as already in progress', async () => {
    await using it = await scene();
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => post(it.shims[index % 2 === 0 ? 0 : 1], 'deleg')),
    );
    const refused = replies.filter(({ status }) => status === 409);
    expect(replies.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(new Set(refused.map(({ error }) => error))).toEqual(
      new Set(['Recovery already in progress for this admin and app']),
    );
    expect(refused).toHaveLength(19);
    expect(it.controller.runs).toHaveLength(1);
  });

  test('the next one can start as soon as the last one has ended', async () => {
    await using it = await scene();
    const tasks = new Set<string | undefined>();
    for (let round = 0; round < 5; round += 1) {
      const shim = it.shims[round % 2 === 0 ? 0 : 1];
      const { status, task } = await post(shim, 'deleg');
      expect(status).toBe(202);
      tasks.add(task);
      const run = await poll('the run', () =>
        it.controller.runs.find(({ metadata }) => metadata.uid === task),
      );
      await it.controller.say(run, { succeeded: 'Recovered' });
    }
    expect(tasks.size).toBe(5);
  });

  test('a recovery started with kubectl counts, a verification does not', async () => {
    await using it = await scene();
    const manifest = (name: string, mode: string) =>
      JSON.stringify({
        apiVersion: 'tuf-recovery.dev/v1alpha1',
        kind: 'BootstrapRecovery',
        metadata: { name, namespace: it.namespace },
        spec: { adminName: 'alice', appName: name, mode },
      });
    await cluster.apply(manifest('by-hand', 'Recover'));
    await cluster.apply(manifest('looking', 'Verify'));
    await poll('both to be seen', () => it.controller.runs.length === 2);
    for (const { metadata } of it.controller.runs) {
      await poll('the shim to know both', () => isKnown(it.shims[0], metadata.uid));
    }
    expect((await post(it.shims[0], 'by-hand')).status).toBe(409);
    expect((await post(it.shims[0], 'looking')).status).toBe(202);
  });

  test('other apps and other admins are not held up', async () => {
    await using it = await scene();
    const replies = await Promise.all([
      post(it.shims[0], 'deleg'),
      post(it.shims[0], 'DELEG'),
      post(it.shims[1], 'other'),
      post(it.shims[1], 'deleg', { admin: 'bob' }),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(new Set(replies.map(({ task }) => task)).size).toBe(4);
  });

  test('a refused request leaves nothing that runs later: what waits for a lock is cancelled, and all of it expires', async () => {
    await using it = await scene((appName) =>
      appName === 'locked'
        ? { accepted: 'RecoveryInProgress', succeeded: 'WaitingForLock' }
        : { accepted: 'NotRequired', succeeded: 'AlreadyConsistent' },
    );
    expect(await post(it.shims[0], 'locked')).toMatchObject({ status: 409 });
    expect(await post(it.shims[0], 'healthy')).toMatchObject({ status: 409 });
    await poll('both to be marked', () =>
      it.controller.runs.every(({ spec }) => spec.ttlSecondsAfterFinished === 3_600),
    );
    const cancelled = it.controller.runs.map(({ spec }) => [spec.appName, spec.cancel ?? false]);
    expect(Object.fromEntries(cancelled)).toEqual({ locked: true, healthy: false });
  });
});

describe('Idempotency-Key', () => {
  test('the same request again is the same task, at once and later, on any shim, and after it has ended', async () => {
    await using it = await scene();
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        post(it.shims[index % 2 === 0 ? 0 : 1], 'deleg', { key: 'retry-1' }),
      ),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
    const tasks = new Set(replies.map(({ task }) => task));
    expect(tasks.size).toBe(1);
    const [run] = it.controller.runs;
    expect(it.controller.runs).toHaveLength(1);
    if (run !== undefined) {
      await it.controller.say(run, { succeeded: 'Recovered' });
    }
    const later = await post(it.shims[1], 'deleg', { key: 'retry-1' });
    expect(later).toMatchObject({ status: 202, task: run?.metadata.uid });
    expect(await post(it.shims[0], 'deleg', { key: 'retry-2' })).toMatchObject({ status: 202 });
    expect(it.controller.runs.length).toBe(2);
  });

  test('a repetition withdraws nothing that was accepted, also when the run has come to wait for a lock', async () => {
    await using it = await scene(() => undefined);
    await using impatient = await startShim(cluster, it.namespace, { decisionTimeoutMs: 100 });
    const first = await post(impatient, 'deleg', { key: 'k' });
    expect(first.status).toBe(202);
    // The shim did not wait for a decision.
    const run = await poll('the run', () => it.controller.runs[0]);
    await it.controller.say(run, { accepted: 'RecoveryInProgress', succeeded: 'WaitingForLock' });
    expect(await post(it.shims[0], 'deleg', { key: 'k' })).toMatchObject({
      status: 409,
      error: 'Recovery already in progress for this admin and app',
    });
    const now = await it.controller.client.get(recoveryResource, run.metadata);
    expect([now.spec.cancel, now.spec.ttlSecondsAfterFinished]).toEqual([false, 604_800]);
  });

  test('a refusal is repeated too', async () => {
    await using it = await scene(() => ({ accepted: 'NotRequired', succeeded: 'AlreadyConsistent' }));
    const first = await post(it.shims[0], 'deleg', { key: 'k' });
    const second = await post(it.shims[1], 'deleg', { key: 'k' });
    expect([first, second].map(({ error }) => error)).toEqual(
      Array.from(
        { length: 2 },
        () => 'Recovery not required: Redis state is already complete and consistent',
      ),
    );
    expect(it.controller.runs).toHaveLength(1);
  });

  test('with another key a running recovery is in progress; with the same key another app is a mistake', async () => {
    await using it = await scene();
    const first = await post(it.shims[0], 'deleg', { key: 'a' });
    expect(first.status).toBe(202);
    expect(await post(it.shims[0], 'deleg', { key: 'b' })).toMatchObject({ status: 409 });
    await poll('the shim to know the run', () => isKnown(it.shims[0], first.task));
    const mistake = await post(it.shims[0], 'simple', { key: 'a' });
    expect(mistake.status).toBe(422);
    expect(mistake.error).toBe('Idempotency-Key was already used for another app');
  });

  test("is each admin's own", async () => {
    await using it = await scene();
    const [alice, bob] = [
      await post(it.shims[0], 'deleg', { key: 'k' }),
      await post(it.shims[0], 'deleg', { key: 'k', admin: 'bob' }),
    ];
    expect([alice.status, bob.status]).toEqual([202, 202]);
    expect(alice.task).not.toBe(bob.task);
  });
});

describe('one tenant cannot stop the others', () => {
  test('a namespace without a Role is refused; the shim is ready and serves the other one', async () => {
    const [mine, forbidden] = [
      await cluster.createNamespace('tenant'),
      await cluster.createNamespace('tenant-forbidden'),
    ];
    await using controller = new ScriptedController(cluster, mine, () => running);
    const bobs = new Map([['bob', { namespace: forbidden, target: 'default' }]]);
    // Waits until it is ready.
    await using shim = await startShim(cluster, mine, {
      tenants: new Tenants({ namespace: mine, target: 'default' }, bobs),
    });
    expect(await post(shim, 'deleg')).toMatchObject({ status: 202 });
    expect(controller.runs).toHaveLength(1);
    expect(await post(shim, 'deleg', { admin: 'bob' })).toMatchObject({
      status: 503,
      error: 'the shim has not listed the recoveries of this admin yet; try again',
    });
    const task = await fetch(`${shim.url}/tuf/v1/task?task_id=x`, {
      headers: { Authorization: `Bearer ${tokenFor('bob')}` },
    });
    expect([task.status, task.headers.get('retry-after')]).toEqual([503, '2']);
  });

  test('an admin with 100 unfinished recoveries gets no more; another admin does, and so does the first when one has ended', async () => {
    const namespace = await cluster.createNamespace('flood');
    await using controller = new ScriptedController(cluster, namespace, () => undefined);
    await using shim = await startShim(cluster, namespace, { decisionTimeoutMs: 1 });
    for (let index = 0; index < 100; index += 10) {
      const replies = await Promise.all(
        Array.from({ length: 10 }, (_, offset) => post(shim, `app-${index + offset}`)),
      );
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
    }
    const refused = await poll('the shim to know all of them', async () => {
      const reply = await post(shim, 'app-0', { key: crypto.randomUUID() });
      return reply.status === 409 ? await post(shim, 'one-more') : undefined;
    });
    expect(refused).toMatchObject({
      status: 429,
      error: 'too many recoveries of this admin have not finished; wait until some have',
    });
    expect(await post(shim, 'one-more', { admin: 'bob' })).toMatchObject({ status: 202 });
    const [run] = controller.runs.filter(({ spec }) => spec.adminName === 'alice');
    if (run !== undefined) {
      await controller.say(run, { succeeded: 'Recovered' });
    }
    await poll('the next one to be accepted', async () => (await post(shim, 'one-more')).status === 202);
  });
});
