import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from 'commander';
import { beforeAll, expect, test } from 'vitest';
import { idleProgram } from '../../scripts/checks/idle-program.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { sameClock } from '../harness/clock.ts';
import { type FaultProxy, startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { PLUGIN, pluginNamespace } from './plugin-namespace.ts';

let cluster: APIServerAccess;
let namespace: string;

beforeAll(async () => {
  ({ cluster, namespace } = await pluginNamespace('silent'));
});

/** The way to the API server, which a test may cut. */
async function cuttable(): Promise<FaultProxy & { readonly kubeconfig: string }> {
  const { port: behind } = new URL(cluster.address.url);
  const proxy = await startFaultProxy({ port: Number(behind) });
  const kubeconfig = await cluster.kubeconfigFile({
    namespace,
    server: `https://127.0.0.1:${proxy.port}`,
  });
  return { ...proxy, kubeconfig };
}

interface Running extends AsyncDisposable {
  readonly code: Promise<number | null>;
  stdout(): string;
  stderr(): string;
  interrupt(): void;
}

function start(args: readonly string[], kubeconfig: string): Running {
  const child = spawn(PLUGIN, args, {
    env: { PATH: process.env['PATH'], KUBECONFIG: kubeconfig, HOME: '/nonexistent', ...sameClock() },
  });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    written.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    written.stderr += chunk.toString();
  });
  const closed = once(child, 'close');
  return {
    code: closed.then(() => child.exitCode),
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    interrupt: () => child.kill('SIGINT'),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

async function createRun(name: string): Promise<void> {
  const manifest = {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'BootstrapRecovery',
    metadata: { name },
    spec: { adminName: 'alice', appName: 'tuf' },
  };
  await cluster.apply(JSON.stringify(manifest), { namespace });
}

/** What has to be given to a command besides its name. */
const argumentsOf: Readonly<Record<string, readonly string[]>> = {
  'admin/app': ['alice/tuf'],
  'kind/name': ['policy/guard'],
  name: ['tuf'],
};
/** They read files first, or are no commands for people. */
const others = ['target', 'controller', 'shim'];

const asking = idleProgram().commands.filter(
  (command) =>
    command.options.some(({ long }) => long === '--kubeconfig') && !others.includes(command.name()),
);

function commandLine(command: Command): readonly string[] {
  const required = command.registeredArguments.filter((argument) => argument.required);
  return [command.name(), ...required.flatMap((argument) => argumentsOf[argument.name()] ?? [])];
}

// These tests wait most of the time, so they do it together.
test.concurrent.each(
  [...asking.map(commandLine), ['status', '--watch'], ['run', 'alice/tuf', '--wait']].map((args) => ({
    line: args.join(' '),
    args,
  })),
)('$line says that it waits for a silent API server, for how long, and ends by Ctrl-C', async ({ args }) => {
  await using proxy = await cuttable();
  await proxy.inject({ kind: 'blackHole' });
  await using command = start(args, proxy.kubeconfig);
  await poll('what is waited for', () =>
    /API server.*\(\d+ s\)\n|Reading \w+ {2}\(\d+ s\)\n/.test(command.stderr()),
  );
  command.interrupt();
  expect(await command.code).toBe(130);
  expect(command.stdout()).toBe('');
});

test.concurrent('wait ends with 3, and not with a defect, when its time is over before the API server answers', async () => {
  await using proxy = await cuttable();
  await proxy.inject({ kind: 'blackHole' });
  await using command = start(['wait', 'tuf', '--timeout', '2'], proxy.kubeconfig);
  expect(await command.code).toBe(3);
  expect(command.stderr()).toContain('how tuf stands is not known');
  expect(command.stderr()).not.toContain('internal error');
});

test.concurrent('wait says that the API server went away, and claims nothing of the run then', async () => {
  await createRun('went-away');
  await using proxy = await cuttable();
  await using command = start(['wait', 'went-away', '--timeout', '20'], proxy.kubeconfig);
  await poll('the first answer', () => command.stderr().includes('waiting for a controller'));
  await proxy.inject({ kind: 'refuse' });
  await poll('what is waited for', () =>
    /went-away: .*ECONNREFUSED.*asking again every second/.test(command.stderr()),
  );
  expect(await command.code).toBe(3);
  expect(command.stderr()).toContain('how went-away stands is not known');
  expect(command.stderr()).not.toContain('still running');
});

test.concurrent('status --watch says once that what it shows may be old, and shows what is new afterwards', async () => {
  await createRun('shown');
  await using proxy = await cuttable();
  await using command = start(['status', '--watch'], proxy.kubeconfig);
  await poll('the first table', () => command.stdout().includes('shown '));
  await proxy.inject({ kind: 'refuse' });
  await poll('the warning', () => command.stderr().includes('What is shown may be old'));
  await createRun('created-meanwhile');
  await proxy.heal();
  await poll('what is new', () => command.stdout().includes('created-meanwhile '));
  expect(command.stderr().match(/may be old/g)).toHaveLength(1);
  command.interrupt();
  expect(await command.code).toBe(130);
});
