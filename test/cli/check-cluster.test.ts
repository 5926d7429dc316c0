import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import packageJSON from '../../package.json' with { type: 'json' };
import { type CheckItem, checkReport } from '../../src/cli/check/check-report.ts';
import { controllerItems } from '../../src/cli/check/cluster/controller-checks.ts';
import type { Seen } from '../../src/cli/check/cluster/facts.ts';
import { APIError } from '../../src/kube/client/api-error.ts';
import type { Lease } from '../../src/kube/leaderelection/lease.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { PLUGIN, pluginNamespace } from './plugin-namespace.ts';
import { runCLI, runJSON } from './run-cli.ts';

let cluster: APIServerAccess;
let namespace: string;
let kubeconfig: string;

beforeAll(async () => {
  ({ cluster, namespace, kubeconfig } = await pluginNamespace('check'));
  await installController();
  await createTarget('default', 'Reachable', 'Reachable', 'Pinned', 'Immediate');
  await apply('RecoveryPolicy', 'guard', { targetRef: { name: 'default' }, discover: true });
});

async function apply(kind: string, name: string, spec: object): Promise<void> {
  const manifest = { apiVersion: 'tuf-recovery.dev/v1alpha1', kind, metadata: { name }, spec };
  await cluster.apply(JSON.stringify(manifest), { namespace });
}

async function setStatus(resource: string, name: string, status: object): Promise<void> {
  await cluster.kubectl([
    ...['patch', resource, name, `--namespace=${namespace}`, '--subresource=status', '--type=merge'],
    `--patch=${JSON.stringify({ status })}`,
  ]);
}

/** Deployment and Lease as the chart and a leader leave them. */
async function installController(): Promise<void> {
  const labels = {
    'app.kubernetes.io/part-of': 'tuf-recovery-operator',
    'app.kubernetes.io/component': 'controller',
    'app.kubernetes.io/version': packageJSON.version,
  };
  const containers = [
    { name: 'controller', image: 'x', args: ['controller', '--lease-name=elected', '--log-level=info'] },
  ];
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'tuf-recovery-controller', labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  };
  await cluster.apply(JSON.stringify(deployment), { namespace });
  await setStatus('deployment', 'tuf-recovery-controller', {
    replicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
  });
  await renewLease();
}

async function renewLease(renewTime = new Date()): Promise<void> {
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'elected' },
    spec: {
      holderIdentity: 'pod-1',
      leaseDurationSeconds: 15,
      renewTime: renewTime.toISOString().replace('Z', '000Z'),
    },
  };
  await cluster.apply(JSON.stringify(lease), { namespace });
}

async function createTarget(
  name: string,
  redis: string,
  storage: string,
  root: string,
  detection: string,
): Promise<void> {
  await apply('RecoveryTarget', name, {
    redis: { address: 'redis:6379' },
    storage: { bucket: 'updates', ambient: true },
    trust: { rootSHA256: 'ab'.repeat(32) },
  });
  const condition = (type: string, reason: string, good: string) => ({
    type,
    reason,
    status: reason === good ? 'True' : 'False',
    message: `${reason} it is.`,
    lastTransitionTime: '2026-11-23T10:00:00Z',
  });
  await setStatus('rt', name, {
    observedGeneration: 1,
    lastValidationTime: new Date().toISOString().replace(/\.\d+Z/, 'Z'),
    redis: { version: '8.0.0', role: 'master', warnings: [], clockSkewSeconds: 0, refusedCommands: [] },
    appCount: 1,
    apps: [{ adminName: 'alice', appName: 'tuf' }],
    conditions: [
      condition('RedisReachable', redis, 'Reachable'),
      condition('StorageReachable', storage, 'Reachable'),
      condition('TrustRootLoaded', root, 'Pinned'),
      condition('LossDetection', detection, 'Immediate'),
    ],
  });
}

async function check(
  ...args: string[]
): Promise<{ code: number | null; items: ReadonlyMap<string, CheckItem> }> {
  const { code, json } = await runJSON(['check', ...args], {
    command: PLUGIN,
    env: { KUBECONFIG: kubeconfig },
  });
  const { items, passed } = checkReport.parse(json);
  expect(passed).toBe(code === 0);
  // Other tests of this API server may have controllers, too: ours come by their namespace.
  const ours = items.filter(
    ({ name, message }) => name !== 'Controller' || message.includes(`${namespace}/`),
  );
  return { code, items: new Map(ours.map((item) => [item.name, item])) };
}

test('an installation in order: each part is checked and passes', async () => {
  await renewLease();
  const { items } = await check();
  const good = [
    ...['API server', 'CRDs', 'Controller', 'Your rights', 'Admission', 'Target', 'Redis'],
    ...['Change reports', 'Bucket', 'Trusted root', 'Redis persistence', 'Redis eviction', 'Policy'],
    ...['Redis clock', 'Redis permissions'],
  ];
  expect([...items.keys()]).toEqual(expect.arrayContaining(good));
  for (const name of good) {
    expect(items.get(name)).toMatchObject({ result: 'ok' });
  }
  expect(items.get('Target')?.message).toMatch(/^The controller checks RecoveryTarget "default"; /);
});

test('what the controller found wrong fails the check, with what to do', async () => {
  await createTarget('broken', 'RedisAccessDenied', 'SourceNotFound', 'PinNotInBucket', 'Polling');
  const { code, items } = await check('--target', 'broken');
  expect(code).toBe(1);
  expect(items.get('Redis')).toMatchObject({
    result: 'failed',
    fix: 'Correct the Secret or the ACL of the user.',
  });
  expect(items.get('Bucket')).toMatchObject({ result: 'failed', message: 'SourceNotFound it is.' });
  expect(items.get('Trusted root')).toMatchObject({ result: 'failed' });
  expect(items.get('Change reports')).toMatchObject({ result: 'warning' });
});

test('settings of Redis that put values at risk are pointed out', async () => {
  await createTarget('risky', 'Reachable', 'Reachable', 'Pinned', 'Immediate');
  await setStatus('rt', 'risky', {
    redis: {
      warnings: [
        { code: 'RedisEvictsKeys', detail: 'maxmemory-policy is allkeys-*: values go. Use noeviction.' },
      ],
    },
  });
  const { items } = await check('--target', 'risky');
  expect(items.get('Redis eviction')).toEqual({
    name: 'Redis eviction',
    result: 'warning',
    message: 'maxmemory-policy is allkeys-*: values go.',
    fix: 'Use noeviction.',
  });
  expect(items.get('Policy')).toMatchObject({ result: 'warning' });
});

test('a clock that is wrong is pointed out, a permission that is missing fails; what is not known is no success', async () => {
  await createTarget('clock', 'Reachable', 'Reachable', 'Pinned', 'Immediate');
  const skew = {
    code: 'RedisClockSkew',
    detail: 'Redis and the controller are 60 s apart. Run NTP on both.',
  };
  const acl = { code: 'RedisPermissionMissing', detail: 'The ACL refuses MSET. Grant it.' };
  await setStatus('rt', 'clock', {
    redis: { clockSkewSeconds: 60, refusedCommands: ['MSET'], warnings: [skew, acl] },
  });
  const wrong = await check('--target', 'clock');
  expect(wrong.items.get('Redis clock')).toMatchObject({ result: 'warning', fix: 'Run NTP on both.' });
  expect(wrong.items.get('Redis permissions')).toMatchObject({ result: 'failed', fix: 'Grant it.' });
  expect(wrong.code).toBe(1);
  await setStatus('rt', 'clock', { redis: { clockSkewSeconds: null, refusedCommands: null, warnings: [] } });
  const unknown = await check('--target', 'clock');
  expect(unknown.items.get('Redis clock')).toMatchObject({ result: 'skipped' });
  expect(unknown.items.get('Redis permissions')).toMatchObject({ result: 'skipped' });
});

test('a target that does not exist is named beside those that do; one that no controller checks is reported', async () => {
  const missing = await check('--target', 'mising');
  expect(missing.code).toBe(1);
  expect(missing.items.get('Target')).toMatchObject({
    result: 'failed',
    message: expect.stringMatching(/There is no RecoveryTarget "mising".* There are: .*default/),
  });
  await createTarget('forgotten', 'Reachable', 'Reachable', 'Pinned', 'Immediate');
  await setStatus('rt', 'forgotten', { lastValidationTime: '2020-01-01T00:00:00Z' });
  const forgotten = await check('--target', 'forgotten');
  expect(forgotten.items.get('Target')).toMatchObject({
    result: 'failed',
    message: expect.stringContaining('has not checked'),
  });
});

test('an app: lost, only in the bucket, or known to nothing', async () => {
  await apply('BootstrapState', 'lost', {
    targetRef: { name: 'default' },
    adminName: 'alice',
    appName: 'lost',
  });
  const condition = (type: string, status: string, reason: string, message: string) => ({
    ...{ type, status, reason, message },
    lastTransitionTime: '2026-11-23T10:00:00Z',
  });
  await setStatus('bst', 'lost', {
    observedGeneration: 1,
    state: 'FullLoss',
    conditions: [
      condition('Healthy', 'False', 'SettingsLost', '17 of 17 settings are missing.'),
      condition('Recoverable', 'True', 'Exact', 'All come back.'),
      condition('CircuitOpen', 'True', 'TooManyRecoveries', 'Recoveries did not help.'),
    ],
  });
  const lost = await check('alice/lost');
  expect(lost.code).toBe(1);
  expect(lost.items.get('App')).toMatchObject({ result: 'failed' });
  expect(lost.items.get('Recoverable')).toMatchObject({ result: 'ok' });
  expect(lost.items.get('Circuit breaker')).toMatchObject({ result: 'failed' });
  expect((await check('alice/tuf')).items.get('App')).toMatchObject({
    result: 'warning',
    message: 'alice/tuf is in the bucket, and no RecoveryPolicy guards it.',
  });
  expect((await check('alice/Tuf')).items.get('App')).toMatchObject({
    result: 'failed',
    message: expect.stringContaining('There are: alice/lost, alice/tuf.'),
  });
});

test('a leader that is silent, and a clock of the controller that is wrong', async () => {
  // The time of the API server is cut to whole seconds.
  await renewLease(new Date(Date.now() - 3_602_000));
  const text = (await runCLI(['check'], { command: PLUGIN, env: { KUBECONFIG: kubeconfig } })).stdout;
  expect(text).toContain('pod-1 has not renewed its lease for 1 hour.');
  await renewLease(new Date(Date.now() + 3_600_000));
  const ahead = (await runCLI(['check'], { command: PLUGIN, env: { KUBECONFIG: kubeconfig } })).stdout;
  expect(ahead).toMatch(/^! Controller clock .* apart\.$/m);
  await renewLease();
});

test('a person without rights learns which are missing, and what cannot be seen is no failure', async () => {
  const token = await cluster.serviceAccountToken(namespace, 'stranger');
  const file = await cluster.kubeconfigFile({ namespace, token });
  const { code, json } = await runJSON(['check'], { command: PLUGIN, env: { KUBECONFIG: file } });
  expect(code).toBe(1);
  const items = new Map(checkReport.parse(json).items.map((item) => [item.name, item]));
  expect(items.get('API server')).toMatchObject({ result: 'ok' });
  expect(items.get('Your rights')).toMatchObject({
    result: 'failed',
    message: expect.stringContaining('list bootstraprecoveries'),
  });
  expect(items.get('Controller')).toMatchObject({ result: 'skipped' });
});

test('an API server that does not answer is the one line there is', async () => {
  const file = await cluster.kubeconfigFile({ namespace });
  const text = (await readFile(file, 'utf8')).replaceAll(/https:\/\/[\d.]+:\d+/g, 'https://127.0.0.1:1');
  await writeFile(file, text);
  const { code, json } = await runJSON(['check'], { command: PLUGIN, env: { KUBECONFIG: file } });
  expect(code).toBe(1);
  expect(checkReport.parse(json).items).toEqual([
    { name: 'API server', result: 'failed', message: expect.any(String), fix: expect.any(String) },
  ]);
});

describe('without a Deployment, a Lease tells whether a controller runs elsewhere:', () => {
  const now = new Date('2026-11-28T10:00:00Z');
  const lease = (holderIdentity: string, renewTime: string): Lease => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: 'demo', name: 'elected', uid: '', resourceVersion: '1' },
    spec: { holderIdentity, renewTime, leaseDurationSeconds: 15 },
  });
  const forbidden = new APIError('list leases', 403, { message: 'leases is forbidden' });
  test.each<[string, Seen<readonly Lease[]>, CheckItem['result'], string]>([
    ['none', { value: [] }, 'failed', 'no Lease that one outside of the cluster holds'],
    ['given back', { value: [lease('', '2026-11-28T10:00:00Z')] }, 'failed', 'no Lease'],
    ['of a holder that is gone', { value: [lease('x', '2026-11-28T09:59:29Z')] }, 'failed', 'no Lease'],
    ['renewed', { value: [lease('x', '2026-11-28T09:59:30Z')] }, 'ok', 'holds the Lease demo/elected'],
    [
      'renewed, beside one of a holder that is gone',
      { value: [lease('old', '2026-01-01T00:00:00Z'), lease('x', '2026-11-28T10:00:00Z')] },
      'ok',
      'x runs without a Deployment',
    ],
    ['that is not visible', { refusal: forbidden }, 'warning', 'leases is forbidden'],
  ])('%s', (_what, leases, result, message) => {
    const items = controllerItems({ controllers: { value: [] }, leases, now, trial: { refusal: forbidden } });
    const found = items.filter(({ name }) => name === 'Controller');
    expect(found).toEqual([expect.objectContaining({ result, message: expect.stringContaining(message) })]);
  });
});
