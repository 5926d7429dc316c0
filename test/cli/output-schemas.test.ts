import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idleProgram } from '../../scripts/checks/idle-program.ts';
import { schemaOfCommand } from '../../scripts/generate/output-schemas.ts';
import { type ControllerProcess, startController } from '../controllers/support/controller-process.ts';
import { type Installation, redisPassword, startInstallation } from '../controllers/support/installation.ts';
import { type TestNamespace, testNamespace } from '../controllers/support/namespace.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { commandOf, expectPublishedSchema, publishedSchema } from './output-schema.ts';
import { PLUGIN } from './plugin-namespace.ts';
import { type CLIOptions, runCLI } from './run-cli.ts';

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;
let files: TemporaryDirectory;
let options: CLIOptions;
const seen = new Set<string>();

beforeAll(async () => {
  const cluster = await sharedAPIServer();
  namespace = await testNamespace(cluster);
  installation = await startInstallation(['deleg']);
  files = await temporaryDirectory('schemas');
  await installation.app('deleg').writeTo(files.path);
  await namespace.apply(...installation.secrets, installation.target(), {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'RecoveryPolicy',
    metadata: { name: 'guard' },
    spec: { targetRef: { name: 'default' }, discover: true },
  });
  controller = await startController(namespace);
  options = {
    command: PLUGIN,
    env: { KUBECONFIG: await cluster.kubeconfigFile({ namespace: namespace.name }) },
  };
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
  await files?.[Symbol.asyncDispose]();
});

/** Runs a command for machines and holds what it prints against its schema. */
async function prints(args: readonly string[]): Promise<Record<string, unknown>> {
  const format = args[0] === 'report' ? [] : ['-o', 'json'];
  const { stdout, stderr } = await runCLI([...args, ...format], options);
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch {
    throw new Error(`${args.join(' ')} printed no JSON: ${stdout}\n${stderr}`);
  }
  expectPublishedSchema(commandOf(args), json);
  seen.add(commandOf(args));
  return json as Record<string, unknown>;
}

const app = (): string => `${installation.app('deleg').admin}/${installation.app('deleg').app}`;

function engineFlags(): string[] {
  const { admin, app: name, objects } = installation.app('deleg');
  const root = objects.find((object) => object.name === '1.root.json')?.body ?? '';
  return [
    ...['--admin', admin, '--app', name, '--storage', files.path, '--redis', installation.redis.url],
    ...['--root-sha256', createHash('sha256').update(root).digest('hex')],
  ];
}

test('every command with -o json, and report, has a schema', () => {
  const program = idleProgram();
  const withJSON = (command: Command, parent = ''): string[] => {
    const name = `${parent}${command.name()}`;
    const own = command.options.some(({ long }) => long === '--output') ? [name] : [];
    return [...own, ...command.commands.flatMap((each) => withJSON(each, `${name} `))];
  };
  const names = program
    .createHelp()
    .visibleCommands(program)
    .flatMap((each) => withJSON(each));
  expect([...names, 'report'].sort()).toEqual(Object.keys(schemaOfCommand).sort());
});

describe('what is printed is what the schema says, and a field more is not:', () => {
  test('without a cluster', async () => {
    await (await installation.redis.client()).flushall();
    const flags = engineFlags();
    await prints(['plan', ...flags]);
    await prints(['recover', ...flags]);
    await prints(['recover', ...flags]);
    await prints(['verify', files.path, '--trust-on-first-use']);
    await prints(['verify', join(files.path, 'absent'), '--trust-on-first-use']);
    await prints(['check', app(), '--storage', files.path, '--redis', installation.redis.url]);
    await prints(['version', '--client']);
  });

  test('of runs that a controller worked on', async () => {
    await (await installation.redis.client()).flushall();
    const ended = await prints(['run', app(), '--name', 'recovered', '--wait']);
    expect(ended['status']).toMatchObject({ state: 'FullLoss', duration: expect.stringMatching(/s$/) });
    await prints(['describe', 'recovered']);
    await prints(['wait', 'recovered']);
    expect(await prints(['report', 'recovered'])).toMatchObject({ state: 'FullLoss' });
    await prints(['diff', app()]);
    await prints(['run', app(), '--name', 'waiting', '--target', 'nowhere']);
    await prints(['cancel', 'waiting']);
  });

  test('of a run that waits for approval', async () => {
    await (await installation.redis.client()).flushall();
    await prints(['run', app(), '--name', 'asked', '--approval', 'Manual', '--wait']);
    await prints(['approve', 'asked', '--yes']);
  });

  test('of everything together', async () => {
    await poll('the app to be verified', async () => {
      const state = await namespace.kubectl(
        'get',
        'bst',
        '--output=jsonpath={.items[*].status.conditions[0].type}',
      );
      return state !== '';
    });
    const { items } = await prints(['status']);
    const kinds = (items as readonly { readonly kind: string }[]).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['BootstrapState', 'BootstrapRecovery']));
    await prints(['check', app()]);
    await prints(['version']);
    await prints([
      'target',
      'create',
      'made',
      '--env-file',
      await envFile(),
      '--root',
      join(files.path, '1.root.json'),
      '--dry-run',
    ]);
  });

  test('each command was among them', () => {
    expect([...seen].sort()).toEqual(Object.keys(schemaOfCommand).sort());
  });

  test.each(Object.keys(schemaOfCommand))('%s: a field that no one described is refused', async (command) => {
    const { success } = publishedSchema(command).safeParse({ undescribed: true });
    expect(success).toBe(false);
  });
});

/** The server's own settings, beside the metadata. */
async function envFile(): Promise<string> {
  const { host, port } = installation.redis;
  const path = join(files.path, 'server.env');
  const lines = [
    ...[`REDIS_HOST=${host}`, `REDIS_PORT=${port}`, `REDIS_PASSWORD=${redisPassword}`],
    ...['S3_BUCKET_NAME=updates', 'S3_REGION=local', 'S3_ACCESS_KEY=access', 'S3_SECRET_KEY=secret'],
  ];
  await writeFile(path, lines.join('\n'));
  return path;
}
