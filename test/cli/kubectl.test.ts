import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { asset } from '../harness/assets.ts';
import { sameClock } from '../harness/clock.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { poll } from '../harness/poll.ts';
import { PLUGIN, pluginNamespace } from './plugin-namespace.ts';
import { type CLIResult, runCLI } from './run-cli.ts';
import { onTerminal } from './terminal-session.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

let cluster: APIServerAccess;
let kubeconfig: string;
let namespace: string;

beforeAll(async () => {
  ({ cluster, namespace, kubeconfig } = await pluginNamespace('plugin'));
});

/** Runs the plugin as its own command. */
function plugin(...args: string[]): Promise<CLIResult> {
  return runCLI(args, { command: PLUGIN, env: { KUBECONFIG: kubeconfig } });
}

/** Creates a run and gives it the status a controller would write. */
async function createRun(name: string, spec: object = {}, status?: object): Promise<void> {
  const manifest = {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'BootstrapRecovery',
    metadata: { name },
    spec: { adminName: 'alice', appName: 'tuf', ...spec },
  };
  await cluster.apply(JSON.stringify(manifest), { namespace });
  if (status !== undefined) {
    await setStatus(name, status);
  }
}

async function setStatus(name: string, status: object): Promise<void> {
  const patch = JSON.stringify({ status: { observedGeneration: 1, ...status } });
  await cluster.kubectl([
    ...['patch', 'bsr', name, `--namespace=${namespace}`, '--subresource=status', '--type=merge'],
    `--patch=${patch}`,
  ]);
}

/** A status whose `Succeeded` says this. */
function succeeded(
  status: string,
  reason: string,
  message = `Because of ${reason}.`,
  more: object = {},
): object {
  const condition = {
    type: 'Succeeded',
    status,
    reason,
    message,
    lastTransitionTime: '2026-11-23T10:00:00Z',
  };
  return { ...more, conditions: [condition] };
}

const plan = {
  digest: DIGEST,
  creates: 14,
  replaces: 1,
  keeps: 0,
  persists: 0,
  deletes: 0,
  actions: [
    {
      kind: 'Create',
      key: 'TARGETS_EXPIRATION_alice_tuf',
      value: '30',
      source: 'Inferred',
      confidence: 'high',
    },
    { kind: 'Replace', key: 'ROOT_SIGNING_alice_tuf', value: '', source: 'Default', confidence: 'low' },
  ],
};

describe('the exit code of wait says how the run ended:', () => {
  test.each([
    [0, 'True', 'Recovered'],
    [0, 'True', 'AlreadyConsistent'],
    [0, 'True', 'Verified'],
    [1, 'False', 'TrustVerificationFailed'],
    [1, 'False', 'Cancelled'],
    [2, 'False', 'DriftDetected'],
    [3, 'False', 'DeadlineExceeded'],
  ])('%i for %s %s', async (code, status, reason) => {
    const name = `ended-${reason.toLowerCase()}`;
    await createRun(name, {}, succeeded(status, reason));
    const result = await plugin('wait', name);
    expect(result).toMatchObject({ code, stdout: `${name}: ${reason}: Because of ${reason}.\n` });
  });

  test('3 when the time runs out while the run continues', async () => {
    await createRun('slow', {}, succeeded('Unknown', 'WaitingForLock', 'Held by another owner.'));
    const result = await plugin('wait', 'slow', '--timeout', '2');
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('slow: WaitingForLock: Held by another owner.');
    expect(result.stderr).toContain('still running after 2 s');
    expect(result.stderr).toContain('The run continues.');
  });

  test('1 for a run that is not there, naming the command that finds it', async () => {
    const result = await plugin('wait', 'missing');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`There is no BootstrapRecovery "missing" in namespace "${namespace}"`);
    expect(result.stderr).not.toContain('at ');
  });

  test('64 for a wrong flag', async () => {
    expect((await plugin('wait', 'x', '--timeout', 'soon')).code).toBe(64);
  });
});

test('wait ends the moment the run does, and says on the way what it waits for', async () => {
  await createRun('watched');
  const waiting = plugin('wait', 'watched');
  await setStatus('watched', {
    ...succeeded('Unknown', 'Running'),
    progress: {
      stage: 'Trust',
      completed: 3,
      total: 64,
      summary: 'Trust 3/64',
      lastProgressTime: '2026-11-23T10:00:00Z',
    },
  });
  await setStatus('watched', succeeded('True', 'Recovered'));
  expect(await waiting).toMatchObject({ code: 0, stdout: expect.stringContaining('watched: Recovered') });
});

test('wait ends when the run is deleted', async () => {
  await createRun('deleted', {}, succeeded('Unknown', 'WaitingForTarget', 'No target.'));
  const waiting = spawnPlugin(['wait', 'deleted']);
  await poll('the wait to see the run', () => waiting.output().includes('WaitingForTarget'));
  await cluster.kubectl(['delete', 'bsr', 'deleted', `--namespace=${namespace}`]);
  expect(await waiting.exit).toBe(1);
  expect(waiting.output()).toContain('was deleted before it ended');
});

test('Ctrl-C ends the wait with 130 and says that the run continues, which it does', async () => {
  await createRun('interrupted', {}, succeeded('Unknown', 'WaitingForTarget', 'No target.'));
  const waiting = spawnPlugin(['wait', 'interrupted']);
  await poll('the wait to see the run', () => waiting.output().includes('WaitingForTarget'));
  waiting.interrupt();
  expect(await waiting.exit).toBe(130);
  expect(waiting.output()).toContain('Interrupted. The run continues.');
  expect(waiting.output()).toContain(`kubectl tuf-recovery cancel interrupted -n ${namespace}`);
  const jsonpath = '-o=jsonpath={.spec.cancel}';
  expect(await cluster.kubectl(['get', 'bsr', 'interrupted', `-n=${namespace}`, jsonpath])).not.toBe('true');
});

test('run creates a run with only what was asked for, and the schema fills in the rest', async () => {
  const { code, stdout } = await plugin(
    'run',
    'team/with/slash/Desktop-App',
    '--yes',
    '--verify',
    '--target',
    'audit',
  );
  expect(code).toBe(0);
  const name = /^bootstraprecovery\.tuf-recovery\.dev\/(desktop-app-[a-z0-9]{5}) created\n$/.exec(
    stdout,
  )?.[1];
  const created = JSON.parse(await cluster.kubectl(['get', 'bsr', `${name}`, `-n=${namespace}`, '-o=json']));
  expect(created.spec).toMatchObject({
    adminName: 'team/with/slash',
    appName: 'Desktop-App',
    mode: 'Verify',
    strategy: 'IfNeeded',
    targetRef: { name: 'audit' },
  });
});

test('run --wait gives the exit code of the run it started', async () => {
  const running = plugin('run', 'alice/tuf', '--name', 'waited-for', '--wait', '-o', 'json');
  await poll('the run to be created', () => cluster.kubectl(['get', 'bsr', 'waited-for', `-n=${namespace}`]));
  await setStatus('waited-for', succeeded('False', 'DriftDetected'));
  const { code, stdout } = await running;
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ metadata: { name: 'waited-for' } });
});

test('an impossible app name is refused as it was typed', async () => {
  const { code, stderr } = await plugin('run', 'alice/not_an_app');
  expect(code).toBe(64);
  expect(stderr).toContain('"not_an_app" of "alice/not_an_app" can\'t be an app');
});

test('an app that is not in the bucket is started with a warning that names those there are', async () => {
  const target = {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'RecoveryTarget',
    metadata: { name: 'listed' },
    spec: {
      redis: { address: 'redis:6379' },
      storage: { bucket: 'updates', ambient: true },
      trust: { rootSHA256: 'ab'.repeat(32) },
    },
  };
  await cluster.apply(JSON.stringify(target), { namespace });
  const list = async (appCount: number): Promise<void> => {
    const status = { observedGeneration: 1, appCount, apps: [{ adminName: 'alice', appName: 'tuf' }] };
    await cluster.kubectl([
      ...['patch', 'rt', 'listed', `--namespace=${namespace}`, '--subresource=status', '--type=merge'],
      `--patch=${JSON.stringify({ status })}`,
    ]);
  };
  await list(1);
  const start = (app: string): Promise<CLIResult> => plugin('run', app, '--target', 'listed');
  const misspelt = await start('alice/Tuf');
  expect(misspelt.code).toBe(0);
  expect(misspelt.stderr).toBe(
    'warning: alice/Tuf is not in the bucket of RecoveryTarget "listed". Known are: alice/tuf. Upper and lower case count.\n',
  );
  expect(await start('alice/tuf')).toMatchObject({ code: 0, stderr: '' });
  // A list that was cut proves nothing.
  await list(100);
  expect(await start('alice/Tuf')).toMatchObject({ code: 0, stderr: '' });
});

test('ADMIN/APP/x starts nothing without --yes: the admin may not be "ADMIN/APP"', async () => {
  const { code, stderr } = await plugin('run', 'alice/tuf/x');
  expect(code).toBe(64);
  expect(stderr).toContain('is the admin "alice/tuf" and the app "x"?');
});

test('what the API server refuses is repeated in its own words, without a stack', async () => {
  const { code, stderr } = await plugin('run', 'alice/tuf', '--name', 'Not-A-Name');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: .*metadata\.name.*\n$/s);
  expect(stderr).not.toContain('.ts:');
});

test('status shows every run with its result, and a bar for one under way', async () => {
  await createRun(
    'table-done',
    {},
    {
      ...succeeded('True', 'Recovered'),
      state: 'FullLoss',
      startTime: '2026-11-23T10:00:00Z',
      completionTime: '2026-11-23T10:00:02Z',
    },
  );
  await createRun(
    'table-running',
    {},
    {
      ...succeeded('Unknown', 'Running'),
      progress: {
        stage: 'Trust',
        completed: 512,
        total: 1024,
        summary: 'Trust 512/1024',
        lastProgressTime: '2026-11-23T10:00:00Z',
      },
    },
  );
  const { stdout } = await plugin('status');
  expect(stdout).toMatch(/^NAME +ADMIN +APP +MODE +FOUND +RESULT +PROGRESS +DURATION +AGE$/m);
  expect(stdout).toMatch(/^table-done +alice +tuf +Recover +FullLoss +Recovered +- +2s +\S+$/m);
  expect(stdout).toMatch(
    /^table-running +alice +tuf +Recover +- +Running +######\.\.\.\.\.\. Trust 512\/1024 +- +\S+$/m,
  );
});

test('kubectl get shows of a run whose it is, what it found and how long it took', async () => {
  const app = { adminName: 'alice', appName: 'columns' };
  const ended = { ...succeeded('True', 'Recovered'), state: 'FullLoss', duration: '3m5s' };
  await createRun('columns', app, ended);
  const table = await cluster.kubectl(['get', 'bsr', 'columns', `--namespace=${namespace}`]);
  expect(table).toMatch(
    /^NAME +ADMIN +APP +MODE +FOUND +SUCCEEDED +REASON +PROGRESS +DURATION +AGE\ncolumns +alice +columns +Recover +FullLoss +True +Recovered +3m5s +\S+\n$/,
  );
});

test('status -A names the namespaces, -o json is a list that jq can read', async () => {
  await createRun('listed');
  const all = await plugin('status', '-A');
  expect(all.stdout).toMatch(new RegExp(`^${namespace} +listed `, 'm'));
  const { stdout } = await plugin('status', '-o', 'json');
  const list: { kind: string; items: { metadata: { name: string } }[] } = JSON.parse(stdout);
  expect(list.kind).toBe('List');
  expect(list.items.map(({ metadata }) => metadata.name)).toContain('listed');
});

test('status of an empty namespace says what to do and prints no table', async () => {
  const empty = await cluster.createNamespace('empty');
  const { code, stdout, stderr } = await plugin('status', '-n', empty);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(stderr).toContain('kubectl tuf-recovery run ADMIN/APP');
});

test('status --watch shows a change without being asked again, and Ctrl-C ends it', async () => {
  await createRun('live', {}, succeeded('Unknown', 'Running'));
  const watching = spawnPlugin(['status', '--watch']);
  await poll('the first table', () => /^live .* Running /m.test(watching.output()));
  await setStatus('live', succeeded('True', 'Recovered'));
  await poll('the change', () => /^live .* Recovered /m.test(watching.output()));
  watching.interrupt();
  expect(await watching.exit).toBe(130);
  expect(watching.output()).not.toContain('error');
});

test('describe shows result, what to do, plan, metadata, findings and errors', async () => {
  await createRun(
    'described',
    { approval: 'Manual' },
    {
      ...succeeded('Unknown', 'AwaitingApproval', 'The plan waits.'),
      state: 'FullLoss',
      attempts: 1,
      plan,
      trust: {
        rootVersion: 2,
        timestampVersion: 41,
        snapshotVersion: 40,
        targetsVersion: 12,
        delegatedRoles: 3,
        rootSHA256: 'cd'.repeat(32),
        expired: [{ role: 'timestamp', version: 41, expires: '2026-11-20T10:00:00Z' }],
      },
      findings: [
        {
          code: 'RoleExpired',
          severity: 'report',
          role: 'timestamp',
          detail: 'It expired \u001b[31mthree days ago.',
        },
      ],
      lastErrors: [{ time: '2026-11-23T10:00:00Z', reason: 'Retrying', message: 'Redis did not answer.' }],
    },
  );
  const { code, stdout } = await plugin('describe', 'described');
  expect(code).toBe(0);
  expect(stdout).toContain('AwaitingApproval');
  expect(stdout).toContain('Read the plan below. If it is right:');
  expect(stdout).toContain(`kubectl tuf-recovery approve described -n ${namespace} --digest ${DIGEST}`);
  expect(stdout).toMatch(/Create +TARGETS_EXPIRATION_alice_tuf +30 +Inferred +high/);
  expect(stdout).toMatch(/Replace +ROOT_SIGNING_alice_tuf +"" +Default +low/);
  expect(stdout).toMatch(/timestamp +version 41 +expired .* ago, on 2026-11-20T10:00:00Z/);
  expect(stdout).toContain('Redis did not answer.');
  expect(stdout, 'escape sequences of a bucket reach no terminal').not.toContain('\u001b');
});

test('colours are off in a pipe and on when asked for', async () => {
  await createRun('coloured', {}, succeeded('True', 'Recovered'));
  const forced = await runCLI(['status'], {
    command: PLUGIN,
    env: { KUBECONFIG: kubeconfig, FORCE_COLOR: '1' },
  });
  expect(forced.stdout).toContain('\u001b[32mRecovered\u001b[39m');
  expect((await plugin('status')).stdout).not.toContain('\u001b');
});

describe('approve', () => {
  test('approves exactly the plan that is shown', async () => {
    const waits = succeeded('Unknown', 'AwaitingApproval', 'The plan waits.', { plan });
    await createRun('approved', { approval: 'Manual' }, waits);
    const { code, stdout, stderr } = await plugin('approve', 'approved', '--yes');
    expect(code).toBe(0);
    expect(stdout).toContain('TARGETS_EXPIRATION_alice_tuf');
    expect(stderr).toContain(`approved plan ${DIGEST}`);
    expect(stdout).toContain('14 to create, 1 to replace');
    expect(stdout).toMatch(new RegExp(`^ *${DIGEST}$`, 'm'));
    const jsonpath = '-o=jsonpath={.spec.approvedPlan}';
    expect(await cluster.kubectl(['get', 'bsr', 'approved', `-n=${namespace}`, jsonpath])).toBe(DIGEST);
  });

  test('--wait waits for the end of the run, not for the approval it has just given', async () => {
    const waits = succeeded('Unknown', 'AwaitingApproval', 'The plan waits.', { plan });
    await createRun('approved-and-awaited', { approval: 'Manual' }, waits);
    const approving = plugin('approve', 'approved-and-awaited', '--digest', DIGEST, '--wait');
    const jsonpath = '-o=jsonpath={.spec.approvedPlan}';
    await poll(
      'the approval',
      async () =>
        (await cluster.kubectl(['get', 'bsr', 'approved-and-awaited', `-n=${namespace}`, jsonpath])) ===
        DIGEST,
    );
    await setStatus('approved-and-awaited', succeeded('True', 'Recovered'));
    expect(await approving).toMatchObject({ code: 0, stdout: expect.stringContaining('Recovered') });
  });

  test('--wait ends when the plan changed meanwhile, for a person to read it', async () => {
    const waits = succeeded('Unknown', 'AwaitingApproval', 'The plan waits.', { plan });
    await createRun(
      'changed-meanwhile',
      { approval: 'Manual', approvedPlan: `sha256:${'00'.repeat(32)}` },
      waits,
    );
    expect(await plugin('wait', 'changed-meanwhile')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('Read the plan: kubectl tuf-recovery describe changed-meanwhile'),
    });
  });

  test('of an unread plan is a question on a terminal and needs --yes or --digest elsewhere', async () => {
    const waits = succeeded('Unknown', 'AwaitingApproval', 'The plan waits.', { plan });
    await createRun('unread', { approval: 'Manual' }, waits);
    const { code, stderr } = await plugin('approve', 'unread');
    expect(code).toBe(64);
    expect(stderr).toContain(`--digest ${DIGEST}`);
    for (const [answer, approved] of [
      ['n', ''],
      ['y', DIGEST],
    ] as const) {
      const { screen } = await onTerminal(['approve', 'unread'], {
        command: PLUGIN,
        env: { KUBECONFIG: kubeconfig },
        typed: `${answer}\n`,
      });
      expect(screen).toContain('Apply these 15 writes? [y/N]');
      const jsonpath = '-o=jsonpath={.spec.approvedPlan}';
      expect(await cluster.kubectl(['get', 'bsr', 'unread', `-n=${namespace}`, jsonpath])).toBe(approved);
    }
  });

  test('refuses when the plan is another than the one that was read', async () => {
    const waits = succeeded('Unknown', 'AwaitingApproval', 'The plan waits.', { plan });
    await createRun('changed', { approval: 'Manual' }, waits);
    const { code, stderr } = await plugin('approve', 'changed', '--digest', `sha256:${'00'.repeat(32)}`);
    expect(code).toBe(64);
    expect(stderr).toContain(`The plan of changed is ${DIGEST} now`);
  });

  test('refuses a run that needs none, has no plan yet, or has ended', async () => {
    await createRun('automatic', {}, succeeded('Unknown', 'Running', 'Running.', { plan }));
    expect((await plugin('approve', 'automatic')).stderr).toContain('needs no approval');
    await createRun('unplanned', { approval: 'Manual' });
    expect((await plugin('approve', 'unplanned')).stderr).toContain('has no plan yet');
    await createRun('ended', { approval: 'Manual' }, succeeded('False', 'Cancelled'));
    expect(await plugin('approve', 'ended')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('nothing is left to approve'),
    });
  });
});

describe('cancel', () => {
  test('sets spec.cancel, and with --wait succeeds once the run is cancelled', async () => {
    await createRun('cancelled', {}, succeeded('Unknown', 'WaitingForLock', 'Held.'));
    const cancelling = plugin('cancel', 'cancelled', '--wait');
    const jsonpath = '-o=jsonpath={.spec.cancel}';
    await poll(
      'spec.cancel to be set',
      async () =>
        (await cluster.kubectl(['get', 'bsr', 'cancelled', `-n=${namespace}`, jsonpath])) === 'true',
    );
    await setStatus('cancelled', succeeded('False', 'Cancelled', 'As asked for.'));
    expect(await cancelling).toMatchObject({ code: 0 });
  });

  test('says so when the run has ended, with the exit code of approve', async () => {
    await createRun('too-late', {}, succeeded('True', 'Recovered'));
    expect(await plugin('cancel', 'too-late')).toMatchObject({
      code: 64,
      stderr: 'error: too-late has ended (Recovered): nothing is left to cancel.\n',
    });
  });
});

describe('report', () => {
  test('prints the whole report of a run', async () => {
    const report = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'r-report' },
      data: { 'report.json': '{"plan":[]}' },
    };
    await cluster.apply(JSON.stringify(report), { namespace });
    await createRun(
      'reported',
      {},
      succeeded('True', 'Recovered', 'Done.', { reportRef: { name: 'r-report' } }),
    );
    expect(await plugin('report', 'reported')).toMatchObject({ code: 0, stdout: '{"plan":[]}\n' });
  });

  test('says that there is none yet', async () => {
    await createRun('unreported');
    expect((await plugin('report', 'unreported')).stderr).toContain('unreported has no report');
  });
});

test('a user without permission learns which one is missing', async () => {
  const token = await cluster.serviceAccountToken(namespace, 'stranger');
  const file = await cluster.kubeconfigFile({ namespace, token });
  const { code, stderr } = await plugin('status', '--kubeconfig', file);
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot list resource "bootstraprecoveries".*grant this in the Role/s);
});

test('a context that the kubeconfig lacks is a usage error that names those it has', async () => {
  const { code, stderr } = await plugin('status', '--context', 'production');
  expect(code).toBe(64);
  expect(stderr).toContain('no context "production". It has: test');
});

test('kubectl finds the plugin by its name', async () => {
  const PATH = [dirname(LAUNCHER), process.env['PATH']].join(delimiter);
  await createRun('by-kubectl', {}, succeeded('True', 'Recovered'));
  const env = { KUBECONFIG: kubeconfig, PATH };
  const result = await runCLI(['tuf-recovery', 'wait', 'by-kubectl'], { command: asset('kubectl'), env });
  expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('by-kubectl: Recovered') });
});

/** Starts the plugin and leaves it running. */
function spawnPlugin(args: readonly string[]): {
  readonly exit: Promise<number | null>;
  output(): string;
  interrupt(): void;
} {
  const child = spawn(PLUGIN, args, {
    env: { PATH: process.env['PATH'], KUBECONFIG: kubeconfig, HOME: '/nonexistent', ...sameClock() },
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return {
    exit: new Promise((resolve) => child.once('close', resolve)),
    output: () => output,
    interrupt: () => child.kill('SIGINT'),
  };
}
