import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { testNamespace } from '../controllers/support/namespace.ts';
import { freePort } from '../harness/free-port.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { startProcess } from '../harness/process.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { one, render } from './helm.ts';

const SECRET = 'a-shared-secret-of-more-than-32-bytes';

test('the shim works with the rendered arguments, mounted secret and permissions', async () => {
  const namespace = await testNamespace(await sharedAPIServer(), 'chart-shim');
  const { cluster, name } = namespace;
  await using directory = await temporaryDirectory('jwt');
  await writeFile(join(directory.path, 'JWT_SECRET'), `${SECRET}\n`);
  const port = await freePort();
  const metrics = await freePort();
  const objects = await render(
    ...['shim.enabled=true', 'shim.auth.sharedSecret.existingSecret=faynosync', 'shim.admins.names={alice}'],
    ...[
      'shim.decisionTimeoutSeconds=1',
      'shim.drainDelaySeconds=0',
      `shim.tenants.default.namespace=${name}`,
    ],
    `shim.extraArgs={--address=127.0.0.1:${port},--metrics-address=127.0.0.1:${metrics}}`,
    ...['crds.enabled=false', 'rbac.aggregate=false', 'watchNamespaces={ops}'],
  );
  const shim = objects.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'shim');
  const role = shim.filter(({ kind }) => ['Role', 'RoleBinding', 'ServiceAccount'].includes(kind));
  // The release's namespace on this shared API server is the test's own.
  const here = JSON.parse(JSON.stringify(role).replaceAll('"namespace":"ops"', `"namespace":"${name}"`));
  await namespace.apply(...here);
  const token = await cluster.kubectl([
    'create',
    'token',
    'r-tuf-recovery-operator-shim',
    `--namespace=${name}`,
  ]);
  const deployment = JSON.stringify(one(shim, 'Deployment'));
  const args: string[] = JSON.parse(deployment).spec.template.spec.containers[0].args;
  expect(deployment).toContain('"mountPath":"/etc/tuf-recovery/jwt"');
  await using running = await startProcess({
    name: 'shim',
    command: LAUNCHER,
    args: args.map((arg) => arg.replace('/etc/tuf-recovery/jwt', directory.path)),
    env: { KUBECONFIG: await cluster.kubeconfigFile({ token: token.trim() }) },
    ready: async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok,
  });
  const bearer = await new SignJWT({ username: 'alice' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(SECRET));
  const response = await fetch(`http://127.0.0.1:${port}/tuf/v1/bootstrap/recovery`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ appName: 'tuf' }),
  });
  // No controller decides here, so the answer is: accepted, the task is recorded.
  expect(response.status).toBe(202);
  const runs = JSON.parse(await namespace.kubectl('get', 'bsr', '-o=json'));
  expect(runs.items).toMatchObject([
    { spec: { adminName: 'alice', appName: 'tuf', ttlSecondsAfterFinished: 604_800 } },
  ]);
  expect(await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()).toContain(
    'bootstrap_recovery_shim_',
  );
  expect((await running.stop()).code).toBe(0);
});
