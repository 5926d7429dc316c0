import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { isAllowed } from '../harness/is-allowed.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { gitopsHealth } from './gitops-health.ts';

const CUSTOMIZATIONS = 'examples/gitops/argocd/resource_customizations';
const KINDS = ['BootstrapRecovery', 'BootstrapState', 'RecoveryTarget', 'RecoveryPolicy'] as const;

/** health_test.yaml, in the layout of Argo CD's own repository. */
interface HealthTests {
  readonly tests: readonly {
    readonly inputPath: string;
    readonly healthStatus: { readonly status: string; readonly message: string };
  }[];
}

/** What kstatus and Flux call the healths of Argo CD. */
const kstatusOf: Readonly<Record<string, string>> = {
  Healthy: 'Current',
  Progressing: 'InProgress',
  Degraded: 'Failed',
};

/** Argo CD has one word for what is suspended, as it was asked to be, and for what waits for approval. */
function wantedKstatus({ status, message }: { readonly status: string; readonly message: string }) {
  return status === 'Suspended'
    ? message.startsWith('Suspended: ')
      ? 'Current'
      : 'InProgress'
    : kstatusOf[status];
}

describe.each(KINDS)("Argo CD's health of a %s", (kind) => {
  const directory = join(CUSTOMIZATIONS, 'tuf-recovery.dev', kind);

  test('is what health_test.yaml says, in the interpreter that Argo CD uses', async () => {
    const { tests }: HealthTests = parse(await readFile(join(directory, 'health_test.yaml'), 'utf8'));
    const files = (await readdir(join(directory, 'testdata'))).map((name) => `testdata/${name}`);
    expect(tests.map(({ inputPath }) => inputPath).sort(), 'every file is tested').toEqual(files.sort());
    for (const { inputPath, healthStatus } of tests) {
      const object = parse(await readFile(join(directory, inputPath), 'utf8'));
      const health = await gitopsHealth(['argocd', join(directory, 'health.lua')], object);
      expect(health, inputPath).toEqual(healthStatus);
    }
  });

  test('agrees with kstatus and with the health expressions for Flux', async () => {
    const { tests }: HealthTests = parse(await readFile(join(directory, 'health_test.yaml'), 'utf8'));
    for (const { inputPath, healthStatus } of tests) {
      const object = parse(await readFile(join(directory, inputPath), 'utf8'));
      // What can't be reached now may come back, so only Argo CD, which has no time-out, calls a target or
      // policy degraded.
      const wanted =
        (kind === 'RecoveryTarget' || kind === 'RecoveryPolicy') && healthStatus.status === 'Degraded'
          ? 'InProgress'
          : wantedKstatus(healthStatus);
      expect((await gitopsHealth(['kstatus'], object)).status, inputPath).toBe(wanted);
      const flux = await gitopsHealth(['flux', 'examples/gitops/flux/kustomization.yaml'], object);
      expect(flux.status, inputPath).toBe(wanted);
    }
  });

  test('testdata are objects the API server would hold', async () => {
    const cluster = await sharedAPIServer();
    const crds = await readdir('crds');
    for (const name of crds) {
      await cluster.apply(await readFile(join('crds', name), 'utf8'));
    }
    const namespace = await cluster.createNamespace('testdata');
    for (const name of await readdir(join(directory, 'testdata'))) {
      const object = parse(await readFile(join(directory, 'testdata', name), 'utf8'));
      object.metadata.namespace = namespace;
      delete object.metadata.generation;
      const strict = ['apply', '--dry-run=server', '--validate=strict', '--filename=-'];
      await cluster.kubectl(strict, { input: JSON.stringify(object) });
    }
  });
});

test("the Flux manifests are ones by Flux' own types", async () => {
  for (const name of await readdir('examples/gitops/flux')) {
    for (const document of parseAllDocuments(await readFile(join('examples/gitops/flux', name), 'utf8'))) {
      await expect(gitopsHealth(['decode'], document.toJS()), name).resolves.toMatchObject({
        status: 'Valid',
      });
    }
  }
});

test('health.lua reaches argocd-cm without touching its other keys', async () => {
  const cluster = await sharedAPIServer();
  await cluster.apply('{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"argocd"}}');
  await cluster.kubectl([
    'create',
    'configmap',
    'argocd-cm',
    '--namespace=argocd',
    '--from-literal=url=https://cd.example.com',
  ]);
  // As the comment in the file says.
  const rendered = await cluster.kubectl(['kustomize', CUSTOMIZATIONS]);
  await cluster.kubectl(['apply', '--server-side', '--filename=-'], { input: rendered });
  const { data } = JSON.parse(
    await cluster.kubectl(['get', 'configmap', 'argocd-cm', '--namespace=argocd', '-o=json']),
  );
  expect(data.url).toBe('https://cd.example.com');
  for (const kind of KINDS) {
    const lua = await readFile(join(CUSTOMIZATIONS, 'tuf-recovery.dev', kind, 'health.lua'), 'utf8');
    expect(data[`resource.customizations.health.tuf-recovery.dev_${kind}`]).toBe(lua);
  }
});

test('what belongs in Git is applied as a whole by kustomize', async () => {
  const cluster = await sharedAPIServer();
  for (const name of await readdir('crds')) {
    await cluster.apply(await readFile(join('crds', name), 'utf8'));
  }
  const namespace = await cluster.createNamespace('gitops');
  const rendered = await cluster.kubectl(['kustomize', 'examples/gitops/recovery']);
  await cluster.apply(rendered, { namespace });
  const strict = [
    'apply',
    '--dry-run=server',
    '--validate=strict',
    '--filename=-',
    `--namespace=${namespace}`,
  ];
  await cluster.kubectl(strict, { input: rendered });
  expect(await cluster.kubectl(['get', 'rp', '--output=name', `-n=${namespace}`])).toContain('/all');
  // The job may do what it has to, and no more.
  await cluster.kubectl([
    'create',
    'rolebinding',
    'bind',
    '--role=tuf-verify',
    `--serviceaccount=${namespace}:tuf-verify`,
    `-n=${namespace}`,
  ]);
  const can = (verb: string, resource: string) =>
    isAllowed(cluster, `system:serviceaccount:${namespace}:tuf-verify`, { verb, resource, namespace });
  await expect.poll(() => can('create', 'bootstraprecoveries.tuf-recovery.dev')).toBe(true);
  expect(await can('get', 'secrets')).toBe(false);
  expect(await can('create', 'recoverytargets.tuf-recovery.dev')).toBe(false);
});
