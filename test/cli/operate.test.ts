import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { diffReport } from '../../src/cli/kubectl/diff/diff-report.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { poll } from '../harness/poll.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { PLUGIN, pluginNamespace } from './plugin-namespace.ts';
import { type CLIResult, runCLI } from './run-cli.ts';

const CANARY = 'canary-5ecret';

let cluster: APIServerAccess;
let namespace: string;
let kubeconfig: string;

beforeAll(async () => {
  ({ cluster, namespace, kubeconfig } = await pluginNamespace('operate'));
});

function plugin(...args: string[]): Promise<CLIResult> {
  return runCLI(args, { command: PLUGIN, env: { KUBECONFIG: kubeconfig } });
}

async function apply(kind: string, name: string, spec: object, annotations: object = {}): Promise<void> {
  const manifest = { apiVersion: 'tuf-recovery.dev/v1alpha1', kind, metadata: { name, annotations }, spec };
  await cluster.apply(JSON.stringify(manifest), { namespace });
}

async function setStatus(resource: string, name: string, status: object): Promise<void> {
  await cluster.kubectl([
    ...['patch', resource, name, `--namespace=${namespace}`, '--subresource=status', '--type=merge'],
    `--patch=${JSON.stringify({ status: { observedGeneration: 1, ...status } })}`,
  ]);
}

const target = {
  redis: { address: 'redis:6379' },
  storage: { bucket: 'updates', ambient: true },
  trust: { rootSHA256: 'ab'.repeat(32) },
};

async function isSuspended(resource: string, name: string): Promise<unknown> {
  const text = await cluster.kubectl(['get', resource, name, `--namespace=${namespace}`, '-o=json']);
  return JSON.parse(text).spec.suspend;
}

test.each([
  ['run', 'BootstrapRecovery', 'bsr', { adminName: 'alice', appName: 'tuf' }],
  ['policy', 'RecoveryPolicy', 'recoverypolicy', { targetRef: { name: 'default' }, discover: true }],
  ['target', 'RecoveryTarget', 'rt', target],
])('suspend and resume a %s', async (typed, kind, resource, spec) => {
  const name = `held-${typed}`;
  await apply(kind, name, spec);
  const held = await plugin('suspend', `${typed}/${name}`);
  expect(held).toMatchObject({
    code: 0,
    stdout: `${kind.toLowerCase()}.tuf-recovery.dev/${name} suspended\n`,
  });
  expect(held.stderr).toContain(`kubectl tuf-recovery resume ${typed}/${name} -n ${namespace}`);
  expect(await isSuspended(resource, name)).toBe(true);
  expect((await plugin('suspend', `${typed}/${name}`)).stdout).toContain('was suspended before');
  expect((await plugin('resume', `${typed}/${name}`)).code).toBe(0);
  expect(await isSuspended(resource, name)).toBe(false);
});

test('suspend of what is not there, and of what cannot be suspended', async () => {
  const missing = await plugin('suspend', 'policy/none');
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain(`There is no RecoveryPolicy "none" in namespace "${namespace}"`);
  const wrong = await plugin('suspend', 'pod/x');
  expect(wrong.code).toBe(64);
  expect(wrong.stderr).toContain('is not one of run/NAME, policy/NAME and target/NAME');
});

/** Answers the run that `diff` creates as a controller would. */
async function answerDiff(app: string, status: object): Promise<void> {
  const name = await poll('the run of diff', async () => {
    const list = JSON.parse(await cluster.kubectl(['get', 'bsr', `--namespace=${namespace}`, '-o=json']));
    const items: { metadata: { name: string; generateName?: string }; spec: { appName: string } }[] =
      list.items;
    const found = items.find(
      ({ metadata, spec }) => metadata.generateName === 'diff-' && spec.appName === app,
    );
    return found?.metadata.name;
  });
  await setStatus('bsr', String(name), status);
}

function succeeded(status: string, reason: string): object {
  const lastTransitionTime = '2026-11-23T10:00:00Z';
  return { conditions: [{ type: 'Succeeded', status, reason, message: 'Because.', lastTransitionTime }] };
}

test('diff shows what is lost and what a recovery would restore otherwise, and ends with 2', async () => {
  await apply('BootstrapState', 'differs', {
    targetRef: { name: 'default' },
    adminName: 'alice',
    appName: 'differs',
  });
  const difference = { key: 'ROOT_EXPIRATION_alice_differs', value: '90', wouldBe: '365', source: 'Default' };
  await setStatus('bst', 'differs', {
    recoverable: {
      summary: '16/17',
      exact: 16,
      total: 17,
      differences: [{ ...difference, captured: false }],
    },
  });
  const lost = { kind: 'Create', key: 'TARGETS_EXPIRATION_alice_differs', value: '30' };
  const plan = {
    digest: `sha256:${'ab'.repeat(32)}`,
    creates: 1,
    replaces: 0,
    keeps: 1,
    persists: 0,
    deletes: 0,
  };
  const status = {
    ...succeeded('False', 'DriftDetected'),
    state: 'PartialLoss',
    plan: { ...plan, actions: [{ ...lost, source: 'Inferred', confidence: 'high' }] },
  };
  const showing = plugin('diff', 'alice/differs');
  await answerDiff('differs', status);
  const { code, stdout } = await showing;
  expect(code).toBe(2);
  expect(stdout).toContain('+ TARGETS_EXPIRATION_alice_differs=30\n');
  expect(stdout).toContain(
    '- ROOT_EXPIRATION_alice_differs=90\n+ ROOT_EXPIRATION_alice_differs=365\n  Redis holds a valid value',
  );
});

test('diff of an app that is as it should be ends with 0, for machines in the documented form', async () => {
  const showing = plugin('diff', 'alice/same', '-o', 'json');
  await answerDiff('same', { ...succeeded('True', 'Verified'), state: 'Healthy' });
  const { code, stdout } = await showing;
  expect(code).toBe(0);
  expect(diffReport.parse(JSON.parse(stdout))).toMatchObject({
    app: 'alice/same',
    state: 'Healthy',
    reason: 'Verified',
    differences: [],
  });
});

test('a support bundle holds what is known and no secret, wherever one was put', async () => {
  const labels = {
    'app.kubernetes.io/part-of': 'tuf-recovery-operator',
    'app.kubernetes.io/component': 'controller',
  };
  const env = [
    { name: 'JWT_SECRET', value: CANARY },
    { name: 'HARMLESS', value: CANARY },
  ];
  const args = [`--redis=redis://user:${CANARY}@redis:6379`, `--token=${CANARY}`];
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'tuf-recovery-controller',
      labels,
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': CANARY,
        'example.com/api-key': CANARY,
      },
    },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'controller', image: 'x', env, args }] },
      },
    },
  };
  await cluster.apply(JSON.stringify(deployment), { namespace });
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'redis' },
    stringData: { password: CANARY },
  };
  await cluster.apply(JSON.stringify(secret), { namespace });
  await apply('RecoveryTarget', 'bundled', {
    ...target,
    redis: { address: 'redis:6379', passwordSecretRef: { name: 'redis', key: 'password' } },
  });
  await apply('BootstrapRecovery', 'bundled', { adminName: 'alice', appName: 'tuf' });
  await setStatus('bsr', 'bundled', {
    conditions: [
      {
        type: 'Succeeded',
        status: 'False',
        reason: 'RedisUnreachable',
        message: `redis://:${CANARY}@redis did not answer. Authorization: Bearer ${CANARY}`,
        lastTransitionTime: '2026-11-23T10:00:00Z',
      },
    ],
  });
  await using directory = await temporaryDirectory('bundle');
  const file = join(directory.path, 'bundle.yaml');
  const { code, stderr } = await plugin('support-bundle', '--file', file);
  expect(code).toBe(0);
  expect(stderr).toContain('read it before you send it');
  const text = await readFile(file, 'utf8');
  expect(text).not.toContain(CANARY);
  const bundle = parse(text);
  expect(Object.keys(bundle)).toEqual(
    expect.arrayContaining([
      'plugin',
      'kubernetes',
      'check',
      'deployments.apps, controller',
      'recoverytargets.tuf-recovery.dev',
      'bootstraprecoveries.tuf-recovery.dev',
      'events.events.k8s.io',
    ]),
  );
  // What a support case is about is still there.
  expect(text).toContain('did not answer');
  expect(text).toMatch(/passwordSecretRef:\n +key: password\n +name: redis/);
});

test('a support bundle of a person with few rights says what is missing in it', async () => {
  const token = await cluster.serviceAccountToken(namespace, 'few-rights');
  const file = await cluster.kubeconfigFile({ namespace, token });
  const { code, stdout } = await plugin('support-bundle', '--kubeconfig', file);
  expect(code).toBe(0);
  const bundle = parse(stdout);
  expect(bundle['recoverytargets.tuf-recovery.dev'].notCollected).toContain('cannot list');
});
