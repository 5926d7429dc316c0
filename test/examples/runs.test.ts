import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import type { BootstrapRecoveryManifest } from '../../src/api/bootstraprecovery.generated.ts';
import { findCondition } from '../../src/api/condition.ts';
import type { RecoveryPolicyManifest } from '../../src/api/recoverypolicy.generated.ts';
import { type ControllerProcess, startController } from '../controllers/support/controller-process.ts';
import { type Installation, startInstallation } from '../controllers/support/installation.ts';
import { type TestNamespace, testNamespace } from '../controllers/support/namespace.ts';
import { existingPolicy, type TestPolicy } from '../controllers/support/policies.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { gitopsHealth } from './gitops-health.ts';

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  installation = await startInstallation(['deleg']);
  namespace = await testNamespace(await sharedAPIServer(), 'examples');
  await namespace.apply(...installation.secrets, installation.target(), installation.target('sentinel-tls'));
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller[Symbol.asyncDispose]();
  await installation[Symbol.asyncDispose]();
});

describe('the API server accepts every example as it is written', () => {
  test.each([
    'examples/run.yaml',
    'examples/runs',
    'examples/targets',
    'examples/policies',
    'examples/gitops/argocd/postsync-hook.yaml',
  ])('%s', async (path) => {
    const files = path.endsWith('.yaml') ? [path] : (await readdir(path)).map((name) => join(path, name));
    // In a namespace where nothing is: some of them have the names of what the other tests work with.
    const empty = await namespace.cluster.createNamespace('examples-dry');
    for (const file of files) {
      const text = await readFile(file, 'utf8');
      // create, because one of them asks for a generated name.
      const output = await namespace.cluster.kubectl(
        ['create', '--dry-run=server', '--validate=strict', '--filename=-', `--namespace=${empty}`],
        { input: text },
      );
      expect(output.trim().split('\n'), file).toHaveLength(parseAllDocuments(text).length);
    }
  });
});

test('the first manifest a person sees has five lines', async () => {
  expect((await readFile('examples/run.yaml', 'utf8')).trimEnd().split('\n').length).toBe(5);
});

describe('every run of the examples, against an app that has lost everything, ends as it says:', () => {
  test.each<[string, 'True' | 'False', string]>([
    ['run.yaml', 'True', 'Recovered'],
    ['runs/verify.yaml', 'False', 'DriftDetected'],
    ['runs/overrides.yaml', 'True', 'Recovered'],
    ['runs/corrupt-key.yaml', 'True', 'Recovered'],
    ['runs/long-outage.yaml', 'True', 'Recovered'],
    ['runs/skip-broken-role.yaml', 'True', 'Recovered'],
    ['runs/accept-rollback.yaml', 'True', 'Recovered'],
    ['runs/other-target.yaml', 'True', 'Recovered'],
    ['gitops/argocd/postsync-hook.yaml', 'True', 'Recovered'],
  ])('%s: %s %s', async (file, status, reason) => {
    await loseEverything();
    const name = await start(file);
    const { run, succeeded } = await namespace.ended(name);
    expect(succeeded, JSON.stringify(run.status.findings)).toMatchObject({ status, reason });
    await expectHealth(run, status === 'True' ? ['Current', 'Healthy'] : ['Failed', 'Degraded']);
  });

  test('runs/approval.yaml: waits until its plan is approved, then recovers', async () => {
    await loseEverything();
    const name = await start('runs/approval.yaml');
    const waiting = await namespace.reason(name, 'AwaitingApproval');
    await expectHealth(waiting, ['InProgress', 'Suspended']);
    const patch = JSON.stringify({ spec: { approvedPlan: waiting.status.plan?.digest } });
    await namespace.kubectl('patch', 'bsr', name, '--type=merge', `--patch=${patch}`);
    expect((await namespace.ended(name)).succeeded.reason).toBe('Recovered');
  });

  test('runs/suspended.yaml: starts with the command in its comment', async () => {
    await loseEverything();
    const name = await start('runs/suspended.yaml');
    await expectHealth(await namespace.reason(name, 'Suspended'), ['Current', 'Suspended']);
    const comment = await readFile('examples/runs/suspended.yaml', 'utf8');
    const [, patch = ''] = /kubectl patch bsr tuf-suspended --type merge -p '(.*)'/.exec(comment) ?? [];
    await namespace.kubectl('patch', 'bsr', name, '--type', 'merge', '-p', patch);
    expect((await namespace.ended(name)).succeeded.reason).toBe('Recovered');
  });

  test('applied again after everything is well, the first one is a verified no-op', async () => {
    const name = await start('run.yaml', 'again');
    expect((await namespace.ended(name)).succeeded).toMatchObject({
      status: 'True',
      reason: 'AlreadyConsistent',
    });
  });
});

describe('every policy of the examples, while everything is lost, does as it says:', () => {
  /** Applies one for the app that is recorded, where it names apps. */
  async function watchOver(file: string): Promise<TestPolicy> {
    await loseEverything();
    const manifest: RecoveryPolicyManifest = parse(await readFile(join('examples/policies', file), 'utf8'));
    const { admin: adminName, app: appName } = installation.app('deleg');
    const spec = manifest.spec.apps ? { ...manifest.spec, apps: [{ adminName, appName }] } : manifest.spec;
    await namespace.apply({ ...manifest, spec: { ...spec, stabilizationSeconds: 1 } });
    return existingPolicy(namespace, manifest.metadata.name ?? '', installation.app('deleg'));
  }

  afterEach(() => namespace.kubectl('delete', 'rp,bsr,bst', '--all'));

  test('report.yaml: reports it', async () => {
    const policy = await watchOver('report.yaml');
    const seen = await policy.until(
      'to report it',
      (each) => findCondition(each.status.conditions, 'LossDetected')?.reason === 'SettingsLost',
    );
    expect(await policy.runs()).toEqual([]);
    expect((await gitopsHealth(['kstatus'], seen)).status).toBe('Current');
  });

  test('recover.yaml: repairs it', async () => {
    const policy = await watchOver('recover.yaml');
    await policy.untilApp('to be repaired', ({ status }) => status.state === 'Healthy');
    expect(await policy.runs()).toHaveLength(1);
  });

  test('approval.yaml: waits for a person', async () => {
    const policy = await watchOver('approval.yaml');
    const { status } = await policy.untilApp('to ask', (seen) => seen.status.recoveries?.length === 1);
    await namespace.reason(status.recoveries?.[0]?.name ?? '', 'AwaitingApproval');
    expect(await policy.runs()).toHaveLength(1);
  });
});

/** Empties Redis. */
async function loseEverything(): Promise<void> {
  const client = await installation.redis.client();
  await client.flushall();
  client.disconnect();
}

/** Applies an example for the app that is recorded; nothing else about it is changed. Returns its name. */
async function start(file: string, renamed?: string): Promise<string> {
  const manifest: BootstrapRecoveryManifest = parse(await readFile(join('examples', file), 'utf8'));
  const app = installation.app('deleg');
  const name = renamed ?? manifest.metadata.name ?? 'generated';
  await namespace.apply({
    ...manifest,
    metadata: { ...manifest.metadata, name },
    spec: { ...manifest.spec, adminName: app.admin, appName: app.app },
  });
  return name;
}

/** What kstatus and Flux, and what Argo CD make of a run. */
async function expectHealth(run: object, [kstatus, argo]: readonly [string, string]): Promise<void> {
  const lua = 'examples/gitops/argocd/resource_customizations/tuf-recovery.dev/BootstrapRecovery/health.lua';
  expect((await gitopsHealth(['kstatus'], run)).status).toBe(kstatus);
  expect((await gitopsHealth(['flux', 'examples/gitops/flux/kustomization.yaml'], run)).status).toBe(kstatus);
  expect((await gitopsHealth(['argocd', lua], run)).status).toBe(argo);
}
