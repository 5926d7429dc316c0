import { expect, test } from 'vitest';
import { apiVersion, lockFinalizer } from '../../src/api/resources.ts';
import { conditionOf } from '../controllers/support/namespace.ts';
import { startAPIServer } from '../harness/apiserver.ts';
import { freePort } from '../harness/free-port.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { poll } from '../harness/poll.ts';
import { startProcess } from '../harness/process.ts';
import { render } from './helm.ts';

test('a namespace that is deleted goes, although its Role goes before the runs that wait for the controller', async () => {
  await using cluster = await startAPIServer({ controllerManager: true });
  await cluster.kubectl(['create', 'namespace', 'ops']);
  await cluster.kubectl(['create', 'namespace', 'served']);
  // No kubelet would start the pods.
  const objects = (await render('watchNamespaces={served}')).filter(({ kind }) => kind !== 'Pod');
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  const list = (items: readonly object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await cluster.apply(list(definitions));
  await cluster.apply(list(objects.filter((object) => !definitions.includes(object))));
  const account = 'r-tuf-recovery-operator-controller';
  const token = await cluster.kubectl(['create', 'token', account, '--namespace=ops']);
  const health = await freePort();
  await using controller = await startProcess({
    name: 'controller',
    command: LAUNCHER,
    args: [
      ...['controller', '--namespaces=served', '--no-leader-elect', '--metrics-address=127.0.0.1:0'],
      `--health-address=127.0.0.1:${health}`,
    ],
    env: { KUBECONFIG: await cluster.kubeconfigFile({ token: token.trim() }) },
    ready: async () => (await fetch(`http://127.0.0.1:${health}/readyz`)).ok,
  });
  const here = (...args: readonly string[]) => cluster.kubectl([...args, '--namespace=served']);
  const run = {
    apiVersion,
    kind: 'BootstrapRecovery',
    metadata: { name: 'held', finalizers: [lockFinalizer] },
    spec: { adminName: 'alice', appName: 'tuf', suspend: true },
  };
  await cluster.apply(list([run]), { namespace: 'served' });
  await poll('the run to be suspended', async () => {
    const found = JSON.parse(await here('get', 'bsr', 'held', '--output=json'));
    return conditionOf(found, 'Succeeded')?.reason === 'Suspended';
  });

  // As it happens within the deletion of a namespace, whose order is not fixed.
  await here('delete', 'rolebinding,role', '--all');
  await cluster.kubectl(['delete', 'namespace', 'served', '--timeout=300s']);
  expect(await controller.log()).toContain('the target is gone');
});
