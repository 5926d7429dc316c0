import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockFinalizer } from '../../src/api/resources.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';

let namespace: TestNamespace;
let installation: Installation;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple']);
  await namespace.apply(...installation.secrets, installation.target());
});

afterAll(() => installation?.[Symbol.asyncDispose]());

/**
 * Takes one rule out of the role, or puts a smaller one in its place; without an index puts all of them back.
 */
async function withoutRule(index: number | undefined, ...smaller: readonly object[]): Promise<void> {
  const role = JSON.parse(await namespace.kubectl('get', 'role', 'tuf-recovery-controller', '--output=json'));
  const rules = index === undefined ? fullRules : fullRules.toSpliced(index, 1, ...smaller);
  await namespace.apply({ ...role, metadata: { name: role.metadata.name }, rules });
}

let fullRules: object[];
let kubeconfig: string;

beforeAll(async () => {
  kubeconfig = await namespace.controllerKubeconfig();
  fullRules = JSON.parse(
    await namespace.kubectl('get', 'role', 'tuf-recovery-controller', '--output=json'),
  ).rules;
});

describe('a permission the controller lacks', () => {
  test('on Secrets: the run waits and names the permission, and continues when it is granted', async () => {
    await withoutRule(fullRules.findIndex((rule) => JSON.stringify(rule).includes('"secrets"')));
    await using _controller = await startController(namespace, { kubeconfig });
    const app = installation.app('simple');
    await namespace.start('forbidden', { adminName: app.admin, appName: app.app });
    const waiting = await namespace.reason('forbidden', 'WaitingForTarget');
    expect(conditionOf(waiting, 'Succeeded')?.message).toMatch(
      /may not read Secret .*\/redis: grant its ServiceAccount the verb get on secrets/,
    );
    // The target is checked beside the run.
    await expect
      .poll(async () => conditionOf(await namespace.target(), 'Ready'))
      .toMatchObject({ status: 'False', reason: 'Forbidden' });

    await withoutRule(undefined);
    // A changed target wakes what waits for it; without this the run checks again within half a minute.
    await namespace.kubectl('annotate', 'rt', 'default', 'example.com/touched=yes');
    expect((await namespace.ended('forbidden')).succeeded.reason).toBe('Recovered');
  });

  test('to hold back the deletion of a run: the run waits before it takes the lock, and says what to grant', async () => {
    await (await installation.redis.client()).flushall();
    const index = fullRules.findIndex((rule) => JSON.stringify(rule).includes('["bootstraprecoveries"]'));
    await withoutRule(index, { ...fullRules[index], verbs: ['get', 'list', 'watch', 'delete'] });
    await using _controller = await startController(namespace, { kubeconfig });
    const app = installation.app('simple');
    await namespace.start('unheld', { adminName: app.admin, appName: app.app });
    const waiting = await namespace.reason('unheld', 'WaitingForTarget');
    expect(conditionOf(waiting, 'Succeeded')?.message).toMatch(
      /PATCH .*\/bootstraprecoveries\/unheld: 403 Forbidden.*cannot patch resource.*grant this in the Role/,
    );
    expect(await (await installation.redis.client()).keys('*')).toEqual([]);

    await withoutRule(undefined);
    await namespace.kubectl('annotate', '--overwrite', 'rt', 'default', 'example.com/touched=again');
    const { run, succeeded } = await namespace.ended('unheld');
    expect(succeeded.reason).toBe('Recovered');
    expect(run.status.attempts).toBe(1);
  });

  test('on everything but runs: one that is deleted then, as with its namespace, is let go', async () => {
    await withoutRule(undefined);
    const group = 'rbac.authorization.k8s.io';
    const name = `finalizers-${namespace.name}`;
    await using controller = await startController(namespace, { kubeconfig });
    const app = installation.app('simple');
    const spec = { adminName: app.admin, appName: app.app, suspend: true };
    await namespace.start('held', spec);
    await namespace.reason('held', 'Suspended');
    const finalizers = JSON.stringify({ metadata: { finalizers: [lockFinalizer] } });
    await namespace.kubectl('patch', 'bsr', 'held', '--type=merge', `--patch=${finalizers}`);
    await namespace.apply(
      {
        apiVersion: `${group}/v1`,
        kind: 'ClusterRole',
        metadata: { name },
        rules: [
          { apiGroups: ['tuf-recovery.dev'], resources: ['bootstraprecoveries'], verbs: ['get', 'patch'] },
        ],
      },
      {
        apiVersion: `${group}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: group, kind: 'ClusterRole', name },
        subjects: [{ kind: 'ServiceAccount', name: 'controller', namespace: namespace.name }],
      },
    );
    // The watch that is open stays open.
    await namespace.kubectl('delete', 'rolebinding', 'controller');
    await namespace.kubectl('delete', 'bsr', 'held', '--timeout=300s');
    expect(await controller.process.log()).toContain('the target is gone');
    await namespace.kubectl('delete', 'clusterrolebinding', name);
    kubeconfig = await namespace.controllerKubeconfig();
  });

  test('on leases: the controller is not ready, leads nothing and says what to grant', async () => {
    await withoutRule(fullRules.findIndex((rule) => JSON.stringify(rule).includes('"leases"')));
    await using controller = await startController(namespace, {
      kubeconfig,
      leaderElection: true,
      ready: false,
    });
    const refused = await poll('the log to name the permission', async () =>
      (await controller.log()).find(({ err }) => JSON.stringify(err ?? '').includes('leases')),
    );
    expect(JSON.stringify(refused)).toMatch(/403 Forbidden.*leases.*grant this in the Role/);
    const { status, body } = await controller.probe('readyz');
    expect(status).not.toBe(200);
    expect(body).toContain('lease');
    await withoutRule(undefined);
    await poll('the controller to be ready', async () => (await controller.probe('readyz')).status === 200);
  });

  test('on runs: the controller is not ready and says what to grant', async () => {
    await withoutRule(
      fullRules.findIndex((rule) => JSON.stringify(rule).includes('["bootstraprecoveries"]')),
    );
    await using controller = await startController(namespace, {
      kubeconfig,
      ready: false,
    });
    const { body } = await poll('the probe to name the permission', async () => {
      const answer = await controller.probe('readyz');
      return answer.body.includes('403') ? answer : undefined;
    });
    expect(body).toMatch(/bootstraprecoveries.*403 Forbidden.*grant this in the Role/s);
    await withoutRule(undefined);
    await poll('the controller to be ready', async () => (await controller.probe('readyz')).status === 200);
  });
});
