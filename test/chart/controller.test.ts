import { expect, test } from 'vitest';
import { startInstallation } from '../controllers/support/installation.ts';
import { conditionOf } from '../controllers/support/namespace.ts';
import { startAPIServer } from '../harness/apiserver.ts';
import { freePort } from '../harness/free-port.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { poll } from '../harness/poll.ts';
import { startProcess } from '../harness/process.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { CHART, helm, one, parseObjects, type Rendered } from './helm.ts';

/** What a kubelet would start. */
interface Deployment extends Rendered {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly serviceAccountName: string;
        readonly containers: readonly [
          {
            readonly args: readonly string[];
            readonly env: readonly {
              readonly name: string;
              readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } };
            }[];
            readonly readinessProbe: { readonly httpGet: { readonly path: string } };
          },
        ];
      };
    };
  };
}

test.each([
  ['cluster-wide', []],
  ['narrowed to a namespace and two Secrets', ['rbac.secretNames={redis,s3}']],
])('the installed chart brings an app back, %s', async (_how, values) => {
  await using cluster = await startAPIServer();
  await using installation = await startInstallation(['deleg']);
  await using directory = await temporaryDirectory('helm');
  const served = await cluster.createNamespace('served');
  await cluster.kubectl(['create', 'namespace', 'ops']);
  // Ports of this machine, not of a pod: all that is given beside the defaults.
  const health = await freePort();
  const metrics = await freePort();
  const ports = [`--health-address=127.0.0.1:${health}`, `--metrics-address=127.0.0.1:${metrics}`];
  const set = [
    ...values,
    ...(values.length === 0 ? [] : [`watchNamespaces={${served}}`]),
    `controller.extraArgs={${ports.join(',')}}`,
  ].map((value) => `--set=${value}`);
  const env = {
    KUBECONFIG: await cluster.kubeconfigFile(),
    HELM_CACHE_HOME: directory.path,
    HELM_CONFIG_HOME: directory.path,
    HELM_DATA_HOME: directory.path,
  };
  await helm(['install', 'r', CHART, '--namespace=ops', ...set], env);
  const manifest = parseObjects(await helm(['get', 'manifest', 'r', '--namespace=ops'], env));
  // The chart under test renders Deployments of this shape; what is not there fails below.
  const { spec } = one(manifest, 'Deployment', '-controller') as Deployment;
  const [container] = spec.template.spec.containers;

  // As a kubelet does: the environment from the pod, then $(NAME) in the arguments from the environment.
  const pod: Readonly<Record<string, string>> = {
    'metadata.name': 'r-controller-0',
    'metadata.namespace': 'ops',
  };
  const environment = Object.fromEntries(
    container.env.map(({ name, valueFrom }) => [name, pod[valueFrom.fieldRef.fieldPath] ?? '']),
  );
  const args = container.args.map((arg) =>
    arg.replace(/\$\((\w+)\)/g, (_all, name: string) => environment[name] ?? ''),
  );
  const token = await cluster.kubectl([
    'create',
    'token',
    spec.template.spec.serviceAccountName,
    '--namespace=ops',
  ]);
  const kubeconfig = await cluster.kubeconfigFile({ token: token.trim() });
  await using controller = await startProcess({
    name: 'controller',
    command: LAUNCHER,
    args,
    env: { ...environment, KUBECONFIG: kubeconfig },
    ready: async () => (await fetch(`http://127.0.0.1:${health}${container.readinessProbe.httpGet.path}`)).ok,
  });

  const app = installation.app('deleg');
  const manifests = [...installation.secrets, installation.target()];
  await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }), {
    namespace: served,
  });
  await cluster.kubectl([
    'wait',
    '--for=condition=Ready',
    'rt/default',
    `--namespace=${served}`,
    '--timeout=300s',
  ]);
  const here = (...rest: readonly string[]) => cluster.kubectl([...rest, `--namespace=${served}`]);
  await cluster.apply(
    JSON.stringify({
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'BootstrapRecovery',
      metadata: { name: 'tuf' },
      spec: { adminName: app.admin, appName: app.app },
    }),
    { namespace: served },
  );
  const run = await poll('the run to end', async () => {
    const found = JSON.parse(await here('get', 'bsr', 'tuf', '-o=json'));
    return conditionOf(found, 'Succeeded')?.status === 'True' ? found : undefined;
  });
  expect(conditionOf(run, 'Succeeded')?.reason).toBe('Recovered');
  const client = await installation.redis.client();
  expect(await app.differences(client, run.metadata.uid)).toEqual([]);
  // The report and the events are written with the same permissions.
  await here('get', 'configmap', run.status.reportRef.name);
  await poll('the event', async () => (await here('get', 'events')).includes('Recovered'));
  expect(await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()).toMatch(
    /^bootstrap_recovery_runs_total\{.*reason="Recovered".*\} 1$/m,
  );
  const log = await controller.log();
  expect(log, 'nothing was forbidden').not.toMatch(/forbidden/i);
  expect((await controller.stop()).code, 'SIGTERM ends it well').toBe(0);
  const lease = await cluster.kubectl([
    'get',
    'lease',
    'r-tuf-recovery-operator-controller',
    '-n=ops',
    '-o=json',
  ]);
  expect(JSON.parse(lease).spec.holderIdentity, 'the lease is given back').toBeFalsy();
});
