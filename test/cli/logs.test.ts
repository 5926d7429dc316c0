import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControllerProcess, startController } from '../controllers/support/controller-process.ts';
import { type Installation, redisPassword, startInstallation } from '../controllers/support/installation.ts';
import { type TestNamespace, testNamespace } from '../controllers/support/namespace.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { sameClock } from '../harness/clock.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { PLUGIN } from './plugin-namespace.ts';
import { type CLIResult, runCLI } from './run-cli.ts';
import { type ContainerLog, type KubeletStandIn, startKubeletStandIn } from './support/kubelet-stand-in.ts';

let cluster: APIServerAccess;
let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;
let kubelet: KubeletStandIn;
let kubeconfig: string;
/** Where the pods of the controller are; those of other test files are elsewhere. */
let home: string;

beforeAll(async () => {
  cluster = await sharedAPIServer();
  namespace = await testNamespace(cluster, 'logs');
  home = await cluster.createNamespace('logs-controller');
  kubelet = await startKubeletStandIn(cluster);
  installation = await startInstallation(['simple', 'deleg']);
  await namespace.apply(...installation.secrets, installation.target());
  controller = await startController(namespace);
  await installDeployment();
  await addPod('leader', async () => controller.process.log());
  kubeconfig = await cluster.kubeconfigFile({ namespace: namespace.name });
  await start('first', 'simple');
  await start('second', 'deleg');
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
  await kubelet?.[Symbol.asyncDispose]();
});

async function start(name: string, appName: 'simple' | 'deleg'): Promise<void> {
  const { admin, app } = installation.app(appName);
  await namespace.start(name, { adminName: admin, appName: app });
  await namespace.ended(name);
}

const podLabels = { 'app.kubernetes.io/component': 'controller', 'app.kubernetes.io/instance': 'logs' };

/** A Deployment as the chart makes it. */
async function installDeployment(): Promise<void> {
  const labels = { ...podLabels, 'app.kubernetes.io/part-of': 'tuf-recovery-operator' };
  const template = {
    metadata: { labels: podLabels },
    spec: { containers: [{ name: 'controller', image: 'x' }] },
  };
  const deployment = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'controller', labels } },
    spec: { replicas: 1, selector: { matchLabels: podLabels }, template },
  };
  await cluster.apply(JSON.stringify(deployment), { namespace: home });
}

/** A pod as a kubelet runs it. */
async function addPod(name: string, log: ContainerLog): Promise<void> {
  kubelet.serve(home, name, log);
  const containers = [
    { name: 'controller', image: 'x' },
    { name: 'sidecar', image: 'y' },
  ];
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: podLabels } },
    spec: { nodeName: kubelet.node, containers },
  };
  await cluster.apply(JSON.stringify(pod), { namespace: home });
  const status = '--patch={"status":{"phase":"Running"}}';
  await cluster.kubectl(['patch', 'pod', name, `-n=${home}`, '--subresource=status', '--type=merge', status]);
}

function logs(...args: string[]): Promise<CLIResult> {
  const place = `--controller-namespace=${home}`;
  return runCLI(['logs', ...args, place], { command: PLUGIN, env: { KUBECONFIG: kubeconfig } });
}

function rawLines({ stdout }: CLIResult): readonly Record<string, unknown>[] {
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

test('logs NAME shows what the controller logged of that run, and of no other', async () => {
  const result = await logs('first');
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(result.stdout).toMatch(
    new RegExp(
      `^\\S+Z  info   bootstraprecovery/${namespace.name}/first  attempt begins  .*target=default`,
      'm',
    ),
  );
  expect(result.stdout).not.toContain('second');
  const uid = (await namespace.run('first')).metadata.uid;
  const lines = rawLines(await logs('first', '--raw'));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.every(({ name, taskID }) => name === 'first' || taskID === uid)).toBe(true);
});

test('logs ADMIN/APP shows what it logged of the runs of that app', async () => {
  const { admin, app } = installation.app('deleg');
  const lines = rawLines(await logs(`${admin}/${app}`, '--raw'));
  expect(new Set(lines.map(({ name }) => name))).toEqual(new Set(['second']));
});

test('without a name everything is shown, --tail the end of it, and no secret', async () => {
  const all = await logs('--raw');
  expect(rawLines(all).map(({ msg }) => msg)).toContain('starting');
  expect(all.stdout).not.toContain(redisPassword);
  expect(all.stdout).not.toContain(installation.s3.credentials.secretAccessKey);
  const last = rawLines(await logs('--raw', '--tail', '2'));
  expect(last).toEqual(rawLines(await logs('--raw')).slice(-2));
});

test('what is not there is named, with what there is', async () => {
  const run = await logs('absent');
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('There is no run absent');
  const { admin, app } = installation.app('simple');
  const unknown = await logs(`${admin}/nothing`);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain(`${admin}/nothing is not known`);
  expect(unknown.stderr).toContain(`${admin}/${app}`);
  const nowhere = await runCLI(['logs', `--controller-namespace=${namespace.name}`], {
    command: PLUGIN,
    env: { KUBECONFIG: kubeconfig },
  });
  expect(nowhere).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('No pod of a controller runs in'),
  });
});

test('lines of replicas come in the order of their times; one without a log is named, and the rest shown', async () => {
  const line = (time: string, msg: string): string => `${JSON.stringify({ level: 'info', time, msg })}\n`;
  await addPod(
    'standby',
    async () =>
      line('2000-01-01T00:00:00.000Z', 'long ago') + line('2999-01-01T00:00:00.000Z', 'to come\u001b[2J'),
  );
  await addPod('unborn', async () => undefined);
  const { code, stdout, stderr } = await logs();
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toContain('long ago');
  expect(lines.at(-1)).toContain('to come\\x1b[2J');
  expect(stdout).toContain('attempt begins');
  expect(stderr).toMatch(/^warning: \S+\/unborn: .*is waiting to start/m);
  await cluster.kubectl(['delete', 'pod', 'standby', 'unborn', `-n=${home}`, '--grace-period=0', '--force']);
});

test('a person who may not look for controllers everywhere is led to name their namespace', async () => {
  const token = await cluster.serviceAccountToken(namespace.name, 'stranger');
  const file = await cluster.kubeconfigFile({ namespace: namespace.name, token });
  const { code, stderr } = await runCLI(['logs'], { command: PLUGIN, env: { KUBECONFIG: file } });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: .*cannot list resource "deployments".*--controller-namespace\.\n$/);
});

test('--since and --previous are asked of the node', async () => {
  await logs('--since', '10m', '--previous');
  const query = kubelet.queries.at(-1);
  expect(Object.fromEntries(query ?? [])).toMatchObject({ sinceSeconds: '600', previous: 'true' });
});

test('--follow continues through a break, shows each line once, and takes up pods that start later', async () => {
  const { admin, app } = installation.app('simple');
  const child = spawn(PLUGIN, ['logs', '-f', `${admin}/${app}`, '--raw', `--controller-namespace=${home}`], {
    env: { PATH: process.env['PATH'], KUBECONFIG: kubeconfig, HOME: '/nonexistent', ...sameClock() },
  });
  const exit = new Promise((resolve) => child.once('close', resolve));
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  await poll('what was logged before', () => output.includes('"first"'));
  const own: string[] = [];
  const add = (msg: string): void => {
    const time = new Date().toISOString();
    own.push(`${JSON.stringify({ level: 'info', time, namespace: namespace.name, run: 'first', msg })}\n`);
  };
  add('one');
  add('two');
  await addPod('later', async () => own.join(''));
  await poll('the pod that came later', () => output.includes('"two"'));
  kubelet.breakOff();
  add('three');
  await poll('the log to be taken up again', () => output.includes('"three"'));
  child.kill('SIGINT');
  expect(await exit).toBe(130);
  const messages = output.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).msg]));
  expect(messages.filter((msg) => ['one', 'two', 'three'].includes(msg))).toEqual(['one', 'two', 'three']);
  expect(messages.filter((msg) => msg === 'attempt begins')).toHaveLength(1);
  expect(output).not.toContain('"second"');
  expect(errors).not.toContain('error');
});
