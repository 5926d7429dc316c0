import { readdir, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';

/**
 * Long enough for anything that polls or spins to show; `npm run bench:idle` takes ten minutes over the same
 * promise.
 */
const quietMs = 15_000;

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple']);
  await namespace.apply(...installation.secrets, installation.target());
  controller = await startController(namespace, { leaderElection: true });
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

/**
 * Counters of what a controller does, with their labels; the renewals of its lease (GET and PUT) are not
 * among them.
 */
async function activity(): Promise<readonly string[]> {
  const series =
    /^(?:rest_client_requests_total\{.*method="(?:PATCH|POST|DELETE)"|controller_runtime_reconcile_total|workqueue_adds_total|bootstrap_recovery_(?:watch_starts|relist|status_apply|storage_requests|events)_total)/;
  return (await controller.metrics()).split('\n').filter((line) => series.test(line));
}

async function sockets(): Promise<number> {
  const directory = `/proc/${controller.process.pid}/fd`;
  const targets = await Promise.all(
    // One that closes while we look is no socket any more.
    (await readdir(directory)).map((fd) => readlink(`${directory}/${fd}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith('socket:')).length;
}

test('a controller whose objects do not change is quiet: one watch each, no reconciles, no writes, no new sockets', async () => {
  const app = installation.app('simple');
  const spec = { adminName: app.admin, appName: app.app };
  await namespace.start('ended', spec);
  await namespace.ended('ended');
  await namespace.start('suspended', { ...spec, suspend: true });
  await namespace.reason('suspended', 'Suspended');
  await namespace.start('unapproved', { ...spec, strategy: 'Always', approval: 'Manual' });
  await namespace.ended('unapproved');
  await namespace.start('waiting', { ...spec, targetRef: { name: 'nowhere' } });
  await namespace.reason('waiting', 'WaitingForTarget');
  // What those changes have set off comes to rest; idle connections are closed after half a minute at the
  // latest.
  const before = await poll('a quiet moment', async () => {
    const earlier = await activity();
    await delay(2_000);
    const now = { activity: await activity(), sockets: await sockets() };
    return isDeepStrictEqual(now.activity, earlier) && now;
  });
  await delay(quietMs);
  expect(await activity()).toEqual(before.activity);
  expect(await sockets()).toBeLessThanOrEqual(before.sockets + 1);
  const watches = before.activity.filter((line) => line.startsWith('bootstrap_recovery_watch_starts_total'));
  // Runs, targets, policies and what is known of apps.
  expect(watches).toHaveLength(4);
  expect(watches.every((line) => line.endsWith(' 1'))).toBe(true);
});
