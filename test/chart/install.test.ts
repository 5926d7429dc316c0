import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootstrapRecoveries } from '../../src/api/resources.ts';
import { adminClient } from '../controllers/support/api-client.ts';
import { type APIServer, startAPIServer } from '../harness/apiserver.ts';
import { isAllowed } from '../harness/is-allowed.ts';
import { poll } from '../harness/poll.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { CHART, EVERYTHING, helm, parseObjects, render } from './helm.ts';

/** Kinds of other projects: their CRDs are not here, see manifests.test.ts for how they are checked. */
const foreign = [
  'shim.httpRoute.enabled',
  'monitoring.serviceMonitor.enabled',
  'monitoring.prometheusRule.enabled',
];
const served = EVERYTHING.filter((value) => !foreign.some((name) => value.startsWith(name)));
const set = served.map((value) => `--set=${value}`);

let cluster: APIServer;
let release: (args: readonly string[]) => Promise<string>;

beforeAll(async () => {
  cluster = await startAPIServer();
  const directory = await temporaryDirectory('helm');
  await mkdir(join(directory.path, 'helm'));
  const KUBECONFIG = await cluster.kubeconfigFile();
  // Helm keeps caches of its own; a user's must not be touched.
  const env = {
    KUBECONFIG,
    HELM_CACHE_HOME: directory.path,
    HELM_CONFIG_HOME: directory.path,
    HELM_DATA_HOME: directory.path,
  };
  release = (args) => helm([...args, '--namespace=ops'], env);
  for (const namespace of ['ops', 'bob']) {
    await cluster.kubectl(['create', 'namespace', namespace]);
  }
});

afterAll(() => cluster[Symbol.asyncDispose]());

describe('on a real API server', () => {
  test('helm install says the next commands', async () => {
    const output = await release(['install', 'r', CHART, ...set]);
    expect(output).toContain('kubectl tuf-recovery run alice/tuf -n faynosync --wait');
    expect(output).toContain('The controller may read any Secret in the cluster by name.');
    expect(output).toContain('http://r-tuf-recovery-operator-shim.ops/tuf/v1/bootstrap/recovery');
  });

  test('everything that was rendered is there, under the strict validation of the API server', async () => {
    const objects = parseObjects(await release(['get', 'manifest', 'r']));
    expect(objects.length).toBeGreaterThan(20);
    for (const { kind, metadata } of objects) {
      const where = metadata.namespace === undefined ? [] : [`--namespace=${metadata.namespace}`];
      const name = await cluster.kubectl(['get', kind, metadata.name, '--output=name', ...where]);
      expect(name.trim()).toMatch(new RegExp(`/${metadata.name}$`));
    }
    const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const strict = ['apply', '--dry-run=server', '--validate=strict', '--filename=-'];
    await expect(cluster.kubectl(strict, { input: manifest })).resolves.toContain('(server dry run)');
  });

  test('the kinds work: the five-line manifest is accepted and gets its defaults', async () => {
    await cluster.apply(await readFile('examples/run.yaml', 'utf8'), { namespace: 'bob' });
    const created = JSON.parse(
      await cluster.kubectl(['get', 'bsr', 'tuf', '--namespace=bob', '--output=json']),
    );
    expect(created.spec).toMatchObject({
      mode: 'Recover',
      timeoutSeconds: 300,
      targetRef: { name: 'default' },
    });
  });

  test('helm upgrade changes what was asked for and brings new CRDs', async () => {
    const crd = 'crd/bootstraprecoveries.tuf-recovery.dev';
    const column = '-o=jsonpath={.spec.versions[0].additionalPrinterColumns[0].name}';
    // As an older version of the chart would have left it.
    const older =
      '[{"op":"replace","path":"/spec/versions/0/additionalPrinterColumns/0/name","value":"Older"}]';
    await cluster.kubectl(['patch', crd, '--type=json', `--patch=${older}`]);
    await release(['upgrade', 'r', CHART, ...set, '--set=controller.replicas=3']);
    expect(await cluster.kubectl(['get', crd, column])).not.toBe('Older');
    const replicas = ['get', 'deployment', 'r-tuf-recovery-operator-controller', '--namespace=ops'];
    expect(await cluster.kubectl([...replicas, '-o=jsonpath={.spec.replicas}'])).toBe('3');
  });

  test('helm rollback works', async () => {
    await release(['rollback', 'r', '1']);
    const replicas = ['get', 'deployment', 'r-tuf-recovery-operator-controller', '--namespace=ops'];
    expect(await cluster.kubectl([...replicas, '-o=jsonpath={.spec.replicas}'])).toBe('2');
  });

  test('helm uninstall takes everything with it but the CRDs and the runs', async () => {
    await release(['uninstall', 'r']);
    const left = await cluster.kubectl([
      ...['get', 'deployments,services,roles,rolebindings,clusterroles,clusterrolebindings,networkpolicies'],
      ...['--all-namespaces', '--selector=app.kubernetes.io/part-of=tuf-recovery-operator', '--output=name'],
    ]);
    expect(left.trim()).toBe('');
    expect(await cluster.kubectl(['get', 'bsr', 'tuf', '--namespace=bob', '--output=name'])).toContain('tuf');
  });

  test('installing it again takes the CRDs back', async () => {
    await release(['install', 'r', CHART, ...set]);
    expect(await cluster.kubectl(['get', 'bsr', 'tuf', '--namespace=bob', '--output=name'])).toContain('tuf');
    await release(['uninstall', 'r']);
  });

  test('the plain manifest installs the same', async () => {
    // A release keeps the CRDs as its own; who changes from Helm to plain manifests takes them over.
    await cluster.apply(await readFile('deploy/install.yaml', 'utf8'));
    const deployment = [
      'get',
      'deployment',
      'tuf-recovery-controller',
      '--namespace=tuf-recovery',
      '--output=name',
    ];
    expect(await cluster.kubectl(deployment)).toContain('tuf-recovery-controller');
  });
});

test('the ServiceAccount of a narrowed installation can do its work and nothing beside it', async () => {
  const objects = await render('watchNamespaces={bob}', 'rbac.secretNames={redis}', 'crds.enabled=false');
  await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  const user = 'system:serviceaccount:ops:r-tuf-recovery-operator-controller';
  const can = (verb: string, resource: string, namespace: string) =>
    isAllowed(cluster, user, { verb, resource, namespace });
  await expect.poll(() => can('get', 'secrets/redis', 'bob')).toBe(true);
  await expect.poll(() => can('watch', 'bootstraprecoveries.tuf-recovery.dev', 'bob')).toBe(true);
  expect(await can('get', 'secrets/other', 'bob')).toBe(false);
  expect(await can('list', 'secrets', 'bob')).toBe(false);
  expect(await can('get', 'secrets/redis', 'ops')).toBe(false);
  expect(await can('watch', 'bootstraprecoveries.tuf-recovery.dev', 'ops')).toBe(false);
  expect(await can('create', 'pods', 'bob')).toBe(false);
  expect(await can('list', 'bootstraprecoveries.tuf-recovery.dev', 'ops')).toBe(false);
  expect(await can('create', 'bootstraprecoveries.tuf-recovery.dev', 'ops')).toBe(false);
  expect(await can('create', 'recoverypolicies.tuf-recovery.dev', 'bob')).toBe(false);
});

describe('what RBAC cannot say', () => {
  const run = (name: string, spec: object) =>
    JSON.stringify({
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'BootstrapRecovery',
      metadata: { name, namespace: 'bob' },
      spec: { adminName: 'alice', appName: 'tuf', approval: 'Manual', ...spec },
    });
  const approvedPlan = `sha256:${'a'.repeat(64)}`;
  const starter = '--as=starter';
  const resource = 'bootstraprecoveries.tuf-recovery.dev';
  const allow = async (name: string, ...verbs: readonly string[]): Promise<void> => {
    const namespace = 'bob';
    const here = (...args: readonly string[]) => cluster.kubectl([...args, `--namespace=${namespace}`]);
    await here('create', 'role', name, `--verb=${verbs.join(',')}`, `--resource=${resource}`);
    await here('create', 'rolebinding', name, `--role=${name}`, '--user=starter');
    for (const verb of verbs) {
      await poll(`starter to be allowed to ${verb}`, () =>
        isAllowed(cluster, 'starter', { verb, resource, namespace }),
      );
    }
  };

  beforeAll(async () => {
    await cluster.apply(await readFile('crds/tuf-recovery.dev_bootstraprecoveries.yaml', 'utf8'));
    const objects = await render('watchNamespaces={bob}', 'crds.enabled=false');
    await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    await allow('starter', 'get', 'create', 'patch');
  });

  const create = (input: string, ...args: readonly string[]) =>
    cluster.kubectl(['create', '--filename=-', ...args], { input });

  test('users who may create and change runs may not approve them', async () => {
    await create(run('started', {}), starter);
    const approve = ['patch', 'bsr', 'started', '--namespace=bob', '--type=merge', starter];
    const patch = `--patch={"spec":{"approvedPlan":"${approvedPlan}"}}`;
    // The API server learns of a policy a moment after it was created.
    const refused = await poll('the approval to be refused', () =>
      cluster.kubectl([...approve, patch, '--dry-run=server']).then(
        () => undefined,
        (error: unknown) => String(error),
      ),
    );
    expect(refused).toContain(
      'takes the verb approve on bootstraprecoveries.tuf-recovery.dev in namespace bob',
    );
    await expect(create(run('approved', { approvedPlan }), starter)).rejects.toThrow(/verb approve/);
    // Everything else about a run is theirs to change.
    await cluster.kubectl([...approve, '--patch={"spec":{"cancel":true}}']);

    await allow('approver', 'approve');
    await cluster.kubectl([...approve, patch]);
  });

  test('the controller of a narrowed installation changes no run in another namespace', async () => {
    const token = await cluster.serviceAccountToken('ops', 'r-tuf-recovery-operator-controller');
    const client = adminClient({ kubeConfig: () => cluster.kubeConfig({ token }) });
    await using _ = { [Symbol.asyncDispose]: () => client.close() };
    await create(run('here', {}));
    await create(run('elsewhere', {}).replace('"namespace":"bob"', '"namespace":"default"'));
    const annotate = (name: string, namespace: string) =>
      client.patch(
        bootstrapRecoveries,
        { namespace, name },
        { type: 'merge', body: { metadata: { annotations: { a: 'b' } } } },
        { dryRun: true },
      );
    const refused = await poll('the change to be refused', () =>
      annotate('elsewhere', 'default').then(
        () => undefined,
        (error: unknown) => String(error),
      ),
    );
    expect(refused).toContain('writes only runs in the namespaces it watches');
    await annotate('here', 'bob');
  });

  test('the controller writes its own ConfigMaps and no others', async () => {
    const as = '--as=system:serviceaccount:ops:r-tuf-recovery-operator-controller';
    const configMap = (name: string, labels: object) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'bob', labels } });
    const labels = { 'tuf-recovery.dev/run': 'tuf' };
    await create(configMap('precious', {}));
    await create(configMap('report', labels), as);
    const refused = await poll('the write to be refused', () =>
      create(configMap('unlabelled', {}), as, '--dry-run=server').then(
        () => undefined,
        (error: unknown) => String(error),
      ),
    );
    expect(refused).toContain('writes only ConfigMaps with a tuf-recovery.dev label');
    const take = ['patch', 'configmap', 'precious', '--namespace=bob', '--type=merge', as];
    const patch = `--patch=${JSON.stringify({ metadata: { labels }, data: { overwritten: 'yes' } })}`;
    await expect(cluster.kubectl([...take, patch])).rejects.toThrow(/writes only ConfigMaps/);
  });
});
