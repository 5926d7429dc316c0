import { spawn } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { pendingActions } from '../../src/cli/kubectl/status/pending-actions.ts';
import { conditions, runManifest } from '../controllers/support/objects.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { sameClock } from '../harness/clock.ts';
import { poll } from '../harness/poll.ts';
import { PLUGIN, pluginNamespace } from './plugin-namespace.ts';
import { type CLIResult, runCLI } from './run-cli.ts';

const T0 = '2026-11-23T10:00:00Z';
const apiVersion = 'tuf-recovery.dev/v1alpha1';

let cluster: APIServerAccess;
let namespace: string;
let kubeconfig: string;

beforeAll(async () => {
  ({ cluster, namespace, kubeconfig } = await pluginNamespace('status'));
  await createState('healthy', 'tuf', {
    state: 'Healthy',
    lastVerificationTime: T0,
    freshUntilTime: '2999-01-01T00:00:00Z',
    metadata: {
      root: { version: 1, expiresTime: '2999-01-02T00:00:00Z' },
      timestamp: { version: 7, expiresTime: '2999-01-01T00:00:00Z' },
    },
    recoverable: { summary: '17/17', exact: 17, total: 17 },
    conditions: [condition('Healthy', 'True', 'Consistent'), condition('Recoverable', 'True', 'Exact')],
  });
  await createState('lost', 'Desktop-App', {
    state: 'FullLoss',
    freshUntilTime: '2020-01-01T00:00:00Z',
    conditions: [
      condition('Healthy', 'False', 'SettingsLost'),
      condition('CircuitOpen', 'True', 'TooManyRecoveries', 'Recoveries did not help. Find out who deletes.'),
    ],
  });
  await apply('BootstrapRecovery', 'once', { adminName: 'alice', appName: 'tuf' });
  await apply('BootstrapRecovery', 'other', { adminName: 'alice', appName: 'Desktop-App' });
});

function condition(type: string, status: string, reason: string, message = ''): object {
  return { type, status, reason, message, lastTransitionTime: T0 };
}

async function apply(kind: string, name: string, spec: object): Promise<void> {
  const manifest = { apiVersion: 'tuf-recovery.dev/v1alpha1', kind, metadata: { name }, spec };
  await cluster.apply(JSON.stringify(manifest), { namespace });
}

async function createState(name: string, appName: string, status: object): Promise<void> {
  await apply('BootstrapState', name, { targetRef: { name: 'default' }, adminName: 'alice', appName });
  await setStatus(name, status);
}

async function setStatus(name: string, status: object): Promise<void> {
  await cluster.kubectl([
    ...['patch', 'bst', name, `--namespace=${namespace}`, '--subresource=status', '--type=merge'],
    `--patch=${JSON.stringify({ status: { observedGeneration: 1, ...status } })}`,
  ]);
}

function plugin(...args: string[]): Promise<CLIResult> {
  return runCLI(args, { command: PLUGIN, env: { KUBECONFIG: kubeconfig } });
}

test('status has one line for each app, then what needs you, then the runs', async () => {
  const { code, stdout } = await plugin('status');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^alice\/tuf +Healthy +17\/17 recoverable +checked \d+ \w( \d+ \w)? ago +timestamp expires in \d+ d$/m,
  );
  expect(stdout).toMatch(/^alice\/Desktop-App +FullLoss +- +never checked +metadata expired \d+ d ago$/m);
  expect(stdout).toMatch(/^Needs you\n {2}alice\/Desktop-App\n {4}Recoveries did not help\./m);
  expect(stdout).toMatch(/^once +alice +tuf +Recover /m);
  expect(stdout.indexOf('Needs you')).toBeGreaterThan(stdout.indexOf('alice/tuf'));
  expect(stdout.indexOf('NAME ')).toBeGreaterThan(stdout.indexOf('Needs you'));
});

test('the target is named where apps have several', async () => {
  const twoTargets = await cluster.createNamespace('targets');
  for (const name of ['one', 'two']) {
    const spec = { targetRef: { name }, adminName: 'alice', appName: 'tuf' };
    const manifest = { ...{ apiVersion, kind: 'BootstrapState' }, metadata: { name }, spec };
    await cluster.apply(JSON.stringify(manifest), { namespace: twoTargets });
  }
  const { stdout } = await plugin('status', '-n', twoTargets);
  expect(stdout).toMatch(/^alice\/tuf +one +NotVerified .*\nalice\/tuf +two +NotVerified /m);
});

test('status ADMIN/APP shows that app and its runs, and no other', async () => {
  const { stdout } = await plugin('status', 'alice/tuf');
  expect(stdout).toMatch(/^alice\/tuf /m);
  expect(stdout).toMatch(/^once /m);
  expect(stdout).not.toContain('Desktop-App');
});

test('status of an app that is not known names those that are', async () => {
  const { code, stderr } = await plugin('status', 'alice/tfu');
  expect(code).toBe(1);
  expect(stderr).toContain(`alice/tfu is not known in namespace "${namespace}"`);
  expect(stderr).toContain('Known are: alice/Desktop-App, alice/tuf.');
});

test('status of what is no app is a usage error', async () => {
  expect(await plugin('status', 'tuf')).toMatchObject({
    code: 64,
    stderr: 'error: "tuf" is not ADMIN/APP, for example alice/tuf.\n',
  });
});

test.each(['json', 'yaml'])('status -o %s holds apps and runs', async (format) => {
  const { stdout } = await plugin('status', 'alice/tuf', '-o', format);
  // JSON is YAML: kubectl reads both.
  const names = await cluster.kubectl(
    ['create', '--dry-run=client', '--output=name', '--filename=-', `--namespace=${namespace}`],
    { input: stdout },
  );
  expect(names).toMatch(/bootstrapstate\.tuf-recovery\.dev\/healthy/);
  expect(names).toMatch(/bootstraprecovery\.tuf-recovery\.dev\/once/);
  expect(names).not.toContain('lost');
});

test('status -o name, -o wide, --sort and -l show what they say', async () => {
  const named = await plugin('status', 'alice/tuf', '-o', 'name');
  expect(named.stdout).toBe(
    'bootstrapstate.tuf-recovery.dev/healthy\nbootstraprecovery.tuf-recovery.dev/once\n',
  );
  const wide = await plugin('status', '-o', 'wide', '--sort', 'health');
  expect(wide.stdout).toMatch(/^APP +TARGET +HEALTH +RECOVERABLE +CHECKED +EXPIRES +STATE +MESSAGE$/m);
  expect(wide.stdout).toMatch(/^alice\/tuf +default .* healthy /m);
  expect(wide.stdout.indexOf('alice/Desktop-App')).toBeLessThan(wide.stdout.indexOf('alice/tuf'));
  const byExpiry = await plugin('status', '--sort', 'expiry');
  expect(byExpiry.stdout.indexOf('alice/Desktop-App')).toBeLessThan(byExpiry.stdout.indexOf('alice/tuf'));
  await cluster.kubectl(['label', 'bsr', 'once', `--namespace=${namespace}`, 'team=a']);
  const labelled = await plugin('status', '-l', 'team=a', '-o', 'name');
  expect(labelled.stdout).toBe('bootstraprecovery.tuf-recovery.dev/once\n');
});

test('status --watch shows a change of an app without being asked again', async () => {
  await createState('watched', 'watched', { conditions: [condition('Healthy', 'Unknown', 'NotVerified')] });
  const child = spawn(PLUGIN, ['status', 'alice/watched', '--watch'], {
    env: { PATH: process.env['PATH'], KUBECONFIG: kubeconfig, HOME: '/nonexistent', ...sameClock() },
  });
  const exit = new Promise((resolve) => child.once('close', resolve));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  await poll('the first table', () => /^alice\/watched +NotVerified /m.test(output));
  await setStatus('watched', { conditions: [condition('Healthy', 'True', 'Consistent')] });
  await poll('the change', () => /^alice\/watched +Healthy /m.test(output));
  child.kill('SIGINT');
  expect(await exit).toBe(130);
  expect(output).not.toContain('error');
});

test('without the right to list apps the runs are shown, and why there is no more', async () => {
  const token = await cluster.serviceAccountToken(namespace, 'runs-only');
  const role = { namespace, name: 'runs-only' };
  const rules = [{ apiGroups: ['tuf-recovery.dev'], resources: ['bootstraprecoveries'], verbs: ['list'] }];
  const subjects = [{ kind: 'ServiceAccount', name: 'runs-only', namespace }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'runs-only' };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await cluster.apply(JSON.stringify({ apiVersion, kind: 'Role', metadata: role, rules }));
  await cluster.apply(JSON.stringify({ apiVersion, kind: 'RoleBinding', metadata: role, subjects, roleRef }));
  const file = await cluster.kubeconfigFile({ namespace, token });
  const { code, stdout, stderr } = await plugin('status', '--kubeconfig', file);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^once /m);
  expect(stderr).toMatch(/^warning: Only runs are shown\. .*cannot list resource "bootstrapstates"/);
});

describe('a person is needed', () => {
  const now = new Date(T0);

  function state(status: BootstrapState['status']): BootstrapState {
    return {
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'BootstrapState',
      metadata: { name: 's', namespace: 'ns', uid: 'u', resourceVersion: '1' },
      spec: { targetRef: { name: 'default' }, adminName: 'alice', appName: 'tuf' },
      status,
    };
  }

  function textsOf(status: BootstrapState['status']): readonly string[] {
    return pendingActions({ states: [state(status)], runs: [] }, now).map(({ text }) => text);
  }

  test('for a root that expires soon, and for one that has expired', () => {
    const root = { version: 3, expiresTime: '2026-11-25T10:00:00Z', warnTime: '2026-11-20T10:00:00Z' };
    expect(textsOf({ metadata: { root } })).toEqual([
      'Root 3 expires in 2d, on 2026-11-25T10:00:00Z. Its key holders must sign a new version.',
    ]);
    expect(textsOf({ metadata: { root: { ...root, warnTime: '2026-11-24T10:00:00Z' } } })).toEqual([]);
    const expired = { metadata: { root: { ...root, expiresTime: '2026-11-22T10:00:00Z' } } };
    expect(textsOf(expired)[0]).toContain('Root 3 expired 24h ago: clients refuse updates.');
  });

  test('for a setting that a recovery would restore with another value', () => {
    const difference = {
      key: 'ROOT_EXPIRATION_alice_tuf',
      value: '90',
      wouldBe: '365',
      source: 'Default',
      captured: false,
    };
    const recoverable = { summary: '16/17', exact: 16, total: 17, differences: [difference] };
    const differ = {
      type: 'Recoverable',
      status: 'False' as const,
      reason: 'ValuesDiffer',
      message: '',
      lastTransitionTime: T0,
    };
    expect(textsOf({ recoverable, conditions: [differ] })[0]).toContain(
      'ROOT_EXPIRATION_alice_tuf is 90 and would become 365',
    );
  });

  test('for a plan that waits for approval, and no longer once it is approved', () => {
    const waiting = runManifest({ status: { conditions: conditions('AwaitingApproval') } });
    const plan = { digest: 'sha256:00', creates: 1, replaces: 0, keeps: 0, persists: 0, deletes: 0 };
    const run = { ...waiting, status: { ...waiting.status, plan } };
    expect(pendingActions({ states: [], runs: [run] }, now)[0]?.text).toContain(
      'waits for approval of its plan',
    );
    const approved = { ...run, spec: { ...run.spec, approvedPlan: plan.digest } };
    expect(pendingActions({ states: [], runs: [approved] }, now)).toEqual([]);
  });

  test('for an uncertain value of the newest run of an app only', () => {
    const finding = { code: 'UncertainValue', severity: 'report', role: 'root', detail: 'It is uncertain.' };
    const ended = { conditions: conditions('Recovered') };
    const first = runManifest({
      metadata: { name: 'first', creationTimestamp: '2026-11-22T10:00:00Z' },
      status: { ...ended, findings: [finding] },
    });
    expect(pendingActions({ states: [], runs: [first] }, now)[0]?.text).toContain('It is uncertain.');
    const second = runManifest({
      metadata: { name: 'second', creationTimestamp: '2026-11-23T10:00:00Z' },
      status: ended,
    });
    expect(pendingActions({ states: [], runs: [first, second] }, now)).toEqual([]);
  });
});
