import { beforeAll, expect, test } from 'vitest';
import packageJSON from '../../package.json' with { type: 'json' };
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { PLUGIN, pluginNamespace } from './plugin-namespace.ts';
import { runCLI, runJSON } from './run-cli.ts';

let cluster: APIServerAccess;
let namespace: string;

beforeAll(async () => {
  ({ cluster, namespace } = await pluginNamespace('version'));
});

test('version shows plugin, controllers with their image, and the versions of every CRD', async () => {
  const labels = {
    'app.kubernetes.io/part-of': 'tuf-recovery-operator',
    'app.kubernetes.io/component': 'controller',
    'app.kubernetes.io/version': '9.8.7',
  };
  const containers = [{ name: 'controller', image: 'registry.example/tuf-recovery:9.8.7' }];
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'tuf-recovery-controller', labels },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
  await cluster.apply(JSON.stringify(deployment), { namespace });
  const env = { KUBECONFIG: await cluster.kubeconfigFile({ namespace }) };
  const { code, stdout } = await runCLI(['version'], { command: PLUGIN, env });
  expect(code).toBe(0);
  expect(stdout).toContain(`Client      ${packageJSON.version}\n`);
  expect(stdout).toMatch(
    new RegExp(
      `^Controller +9\\.8\\.7 +${namespace}/tuf-recovery-controller +registry\\.example/tuf-recovery:9\\.8\\.7$`,
      'm',
    ),
  );
  expect(stdout).toMatch(/^Server +v1\.\d+\.\d+$/m);
  for (const plural of ['bootstraprecoveries', 'bootstrapstates', 'recoverypolicies', 'recoverytargets']) {
    expect(stdout).toMatch(new RegExp(`^CRD +v1alpha1 +${plural}\\.tuf-recovery\\.dev$`, 'm'));
  }
});

test('version names what it may not see, and shows the rest', async () => {
  const token = await cluster.serviceAccountToken(namespace, 'nobody');
  const env = { KUBECONFIG: await cluster.kubeconfigFile({ namespace, token }) };
  const { code, json } = await runJSON(['version'], { command: PLUGIN, env });
  expect(code).toBe(0);
  expect(json).toMatchObject({
    client: packageJSON.version,
    hidden: expect.arrayContaining([expect.stringContaining('cannot list resource "deployments"')]),
  });
  expect(json).not.toHaveProperty('controllers');
});

test('version --client needs no cluster', async () => {
  const env = { KUBECONFIG: '/nonexistent/kubeconfig' };
  const { code, stdout } = await runCLI(['version', '--client'], { command: PLUGIN, env });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `Client  ${packageJSON.version}\n` });
});

test.each([
  { what: 'no kubeconfig', code: 64, error: /No cluster is configured/ },
  { what: 'no API server', server: 'https://127.0.0.1:1', code: 1, error: /ECONNREFUSED/ },
])('with $what, version shows that of the plugin beside the error', async ({ server, code, error }) => {
  const file =
    server === undefined ? '/nonexistent/kubeconfig' : await cluster.kubeconfigFile({ namespace, server });
  const env = { KUBECONFIG: file };
  const result = await runCLI(['version'], { command: PLUGIN, env });
  expect(result).toMatchObject({ code, stdout: `Client  ${packageJSON.version}\n` });
  expect(result.stderr).toMatch(error);
  const { json } = await runJSON(['version'], { command: PLUGIN, env });
  expect(json).toEqual({ client: packageJSON.version });
});
