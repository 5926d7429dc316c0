import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import packageJSON from '../../package.json' with { type: 'json' };
import { idleProgram } from '../../scripts/checks/idle-program.ts';
import { readEnvironment } from '../../src/cli/options/env.ts';
import { runProgram } from '../../src/cli/program.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { PLUGIN } from './plugin-namespace.ts';
import { runCLI } from './run-cli.ts';
import { onTerminal } from './terminal-session.ts';

const CANARY = 'canary-5ecret';
const trust = '--trust-on-first-use';
const run = ['recover', '--admin', 'a', '--app', 'b'];

describe('a wrong command line ends with 64 and says what is wrong:', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['no command', [], /Usage: tuf-recovery/],
    ['an unknown command', ['recovr'], /unknown command 'recovr'[\s\S]*Did you mean recover\?/],
    ['an unknown flag', ['verify', '.', '--strict'], /unknown option '--strict'/],
    ['a missing source', ['verify'], /missing required argument 'source'/],
    ['two sources', ['verify', '.', '..', trust], /too many arguments/],
    ['no trusted root', ['verify', '.'], /No trusted root was given\. Use --root-sha256 or --root/],
    ['two trusted roots', ['verify', '.', trust, '--root', 'x'], /cannot be used with option/],
    ['an invalid hash', ['verify', '.', '--root-sha256', 'abc'], /64 hexadecimal digits/],
    [
      'a root file that is not there',
      ['verify', '.', '--root', '/none'],
      /--root: \/none can't be read \(ENOENT\)/,
    ],
    ['an invalid time', ['verify', '.', trust, '--reference-time', 'yesterday'], /RFC 3339/],
    [
      'a day that does not exist',
      ['verify', '.', trust, '--reference-time', '2026-02-30T00:00:00'],
      /RFC 3339/,
    ],
    ['an unknown policy', ['verify', '.', trust, '--policy', 'lax'], /Allowed choices are recovery, strict/],
    ['an unknown format', ['verify', '.', trust, '-o', 'xml'], /Allowed choices are human, json, yaml/],
    [
      'a source that is no place',
      ['verify', 'ftp://host/x', trust],
      /Give a directory or s3:\/\/bucket\/prefix/,
    ],
    [
      'an endpoint without scheme',
      ['verify', 's3://b', trust, '--s3-endpoint', 'minio:9000'],
      /Give a URL such as/,
    ],
    [
      'a folder of trusted files that is not there',
      ['verify', '.', trust, '--trusted-dir', '/none'],
      /--trusted-dir/,
    ],
    ['no admin', ['recover', '--app', 'b'], /required option '--admin <name>' not specified/],
    [
      'an app name the server refuses',
      [...run.slice(0, 4), 'my_app', trust, '--redis', 'redis://h'],
      /appName "my_app"/,
    ],
    [
      'no Redis',
      [...run, trust, '--storage', '.'],
      /Give --redis redis:\/\/host:port\/db, or set REDIS_HOST/,
    ],
    ['no storage', [...run, trust, '--redis', 'redis://h'], /Give --storage s3:\/\/bucket or a directory/],
    [
      'an invalid Redis URL',
      [...run, trust, '--storage', '.', '--redis', 'localhost'],
      /Redis URL is not understood/,
    ],
    [
      'half a client certificate',
      [...run, trust, '--redis', 'redis://h', '--redis-cert', LAUNCHER],
      /both --redis-cert and --redis-key/,
    ],
    ['a task id that is no UUID', [...run, '--task-id', 'mine'], /Give a UUID/],
    [
      'a lifetime of zero days',
      [...run, '--expiration', 'targets=0'],
      /days, for example 90 or 90d: from 1 to 36500/,
    ],
    ['a lifetime in hours', [...run, '--expiration', 'targets=90h'], /days, for example 90 or 90d/],
    ['a lifetime without a role', [...run, '--expiration', '30'], /Give ROLE=NUMBER/],
    [
      'help for an unknown command',
      ['help', 'recovr'],
      /unknown command 'recovr'[\s\S]*Did you mean recover\?/,
    ],
    [
      'help for one that is not below another',
      ['help', 'target', 'creat'],
      /unknown command 'target creat'[\s\S]*Did you mean create\?/,
    ],
    ['help for one below a command that has none', ['help', 'run', 'x'], /unknown command 'run x'\nRun with/],
    [
      'a digest that is none',
      ['approve', 'tuf', '--digest', 'abc'],
      /--digest[\s\S]*sha256: and 64 hexadecimal digits/,
    ],
    ['a time-out of zero', [...run, '--timeout', '0'], /such as 90s, 5m, 12h or 30d: from 1 to 300 s/],
    ['a time-out that is too long', [...run, '--timeout', '6m'], /from 1 to 300 s/],
  ])('%s', async (_what, args, message) => {
    const { code, stdout, stderr } = await runCLI(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(64);
    expect(stdout).toBe('');
  });

  test('half of the S3 credentials', async () => {
    const { code, stderr } = await runCLI(['verify', 's3://bucket/prefix', trust], {
      env: { S3_ACCESS_KEY: 'key' },
    });
    expect(stderr).toContain('S3_ACCESS_KEY is set but S3_SECRET_KEY is not. Set both');
    expect(code).toBe(64);
  });

  test.each([
    [...run, '--redis', `redis://:${CANARY}@`, trust, '--storage', '.'],
    [...run, '--redis', `redis://:${CANARY}/x@host`, trust, '--storage', '.'],
    [...run, `--rediss=rediss://user:${CANARY}@host`],
    ['verify', `redis://:${CANARY}@host/0`, trust],
    ['verify', '.', trust, `redis://:${CANARY}@host/0`],
    [...run, '--storage', `https://user:${CANARY}@minio/bucket`, trust, '--redis', 'redis://h'],
    ['verify', 's3://b', trust, '--s3-endpoint', `https://user:${CANARY}@minio`],
  ])('without repeating a password (%#)', async (...args) => {
    const { code, stdout, stderr } = await runCLI(args);
    expect(code).toBe(64);
    expect(stdout + stderr).not.toContain(CANARY);
    expect(stderr).toMatch(/^error: /m);
  });
});

describe('an unknown flag is named before what else is wrong:', () => {
  const leaves = (command: Command): readonly Command[] => {
    const below = command
      .createHelp()
      .visibleCommands(command)
      .filter(({ parent }) => parent !== null);
    return below.length === 0 ? [command] : below.flatMap(leaves);
  };
  const pathOf = (command: Command): readonly string[] =>
    command.parent === null ? [] : [...pathOf(command.parent), command.name()];
  test.each(leaves(idleProgram()).map((command) => pathOf(command).join(' ')))('%s', async (path) => {
    const stderr = new PassThrough({ encoding: 'utf8' });
    let code: number | undefined;
    await runProgram([...path.split(' '), '--htlp', '--root', '/nonexistent'], {
      startedAs: 'tuf-recovery',
      env: readEnvironment({}),
      stdout: new PassThrough(),
      stderr,
      interactive: false,
      color: false,
      columns: undefined,
      confirm: undefined,
      signal: new AbortController().signal,
      exit: (decided) => {
        code = decided;
      },
    });
    expect(stderr.read()).toMatch(/^error: unknown option '--htlp'\n\(Did you mean --help\?\)\n/);
    expect(code).toBe(64);
  });

  test('beside a secret that was meant for it', async () => {
    const { code, stderr } = await runCLI(['plan', `--redis-pasword=${CANARY}`]);
    expect(stderr).toContain("error: unknown option '--redis-pasword'\n");
    expect(stderr).not.toContain(CANARY);
    expect(code).toBe(64);
  });
});

describe('the launcher', () => {
  test('prints the version', async () => {
    expect(await runCLI(['--version'])).toEqual({ code: 0, stdout: `${packageJSON.version}\n`, stderr: '' });
  });

  test.each([[['--help']], [['verify', '--help']], [['plan', '--help']], [['recover', '--help']]])(
    'explains itself: %s',
    async (args) => {
      const { code, stdout, stderr } = await runCLI(args);
      expect(code).toBe(0);
      expect(stdout).toContain('Usage: tuf-recovery');
      expect(stderr).toBe('');
    },
  );

  test.each([
    [['help'], ['--help']],
    [
      ['help', 'run'],
      ['run', '--help'],
    ],
    [
      ['help', 'target', 'create'],
      ['target', 'create', '--help'],
    ],
  ])('takes %j for %j', async (args, same) => {
    const help = await runCLI(args);
    expect(help).toEqual(await runCLI(same));
    expect(help).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    ['tuf-recovery', LAUNCHER],
    ['kubectl tuf-recovery', PLUGIN],
  ])('calls a command as it was started: %s', async (name, command) => {
    for (const words of [
      ['run', '--help'],
      ['help', 'check'],
    ]) {
      const { stdout } = await runCLI(words, { command });
      const names = stdout.matchAll(/^(?:Usage:)? *((?:kubectl )?tuf-recovery) (?:run|check) /gm);
      const shown = [...names].map((match) => match[1]);
      // The usage and two examples.
      expect(shown).toEqual([name, name, name]);
    }
  });

  test('says which commands need a cluster', async () => {
    const { stdout } = await runCLI(['--help']);
    const [, without, cluster] =
      /\nWithout Kubernetes:\n(.*?)\n\nFor a cluster.*?:\n(.*?)\n\n/s.exec(stdout) ?? [];
    expect(without).toMatch(/^ {2}verify .*^ {2}recover /ms);
    expect(cluster).toMatch(/^ {2}status .*^ {2}target /ms);
  });

  test('works through links, from any directory, with spaces in between', async () => {
    await using directory = await temporaryDirectory('links');
    const spaced = await mkdtemp(join(directory.path, 'with space '));
    await symlink(LAUNCHER, join(spaced, 'first'));
    await symlink('first', join(spaced, 'kubectl-tuf_recovery'));
    const { code, stdout } = await runCLI(['--version'], {
      command: join(spaced, 'kubectl-tuf_recovery'),
      cwd: '/',
    });
    expect(code).toBe(0);
    expect(stdout).toBe(`${packageJSON.version}\n`);
  });

  test('keeps what Node.js compiled of the bundle in a directory of the user, and nowhere else', async () => {
    await using directory = await temporaryDirectory('compiled');
    for (const name of ['bin', 'dist']) {
      await mkdir(join(directory.path, name));
    }
    const command = join(directory.path, 'bin', 'tuf-recovery');
    await copyFile(LAUNCHER, command);
    await writeFile(
      join(directory.path, 'dist', 'tuf-recovery.js'),
      "process.stdout.write(String(process.env['NODE_COMPILE_CACHE']));",
    );
    const PATH = `${dirname(process.execPath)}:/usr/bin:/bin`;
    const ask = async (env: Record<string, string>): Promise<string> =>
      (await runCLI([], { command, env: { PATH, ...env } })).stdout;
    expect(await ask({ HOME: directory.path })).toBe(
      join(directory.path, '.cache/tuf-recovery-operator/compiled'),
    );
    expect(await ask({ HOME: directory.path, XDG_CACHE_HOME: '/x' })).toBe(
      '/x/tuf-recovery-operator/compiled',
    );
    expect(await ask({ HOME: directory.path, NODE_COMPILE_CACHE: '/mine' })).toBe('/mine');
    expect(await ask({ HOME: '/nonexistent' })).toBe('undefined');
  });

  test('says which Node.js it needs when there is only an older one', async () => {
    await using directory = await temporaryDirectory('old-node');
    const path = join(directory.path, 'bin');
    await mkdir(path);
    await copyFile(LAUNCHER, join(path, 'tuf-recovery'));
    await writeFile(join(path, 'node'), '#!/bin/sh\necho v20.11.1\n', { mode: 0o755 });
    const result = await runCLI(['--version'], {
      command: join(path, 'tuf-recovery'),
      env: { PATH: `${path}:/usr/bin:/bin` },
    });
    expect(result).toEqual({
      code: 1,
      stdout: '',
      stderr: `tuf-recovery needs Node.js 24 or newer. Install it, or run: cd ${directory.path} && npm run setup\n`,
    });
  });
});

/** As util-linux has it; that of the BSDs takes other arguments. */
const hasTerminal = spawnSync('script', ['-qec', 'exit 0', '/dev/null']).status === 0;

/** A kubeconfig of a cluster that no one reaches. */
async function unreachableCluster(directory: string, user: object): Promise<string> {
  const kubeconfig = join(directory, 'config');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      users: [{ name: 'u', user }],
      'current-context': 'c',
    }),
  );
  return kubeconfig;
}

describe.runIf(hasTerminal)('on a terminal', () => {
  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['has colours and a progress that is drawn over', {}, ['\u001b[K', '\u001b[31m']],
    ['has no colours where NO_COLOR is set', { NO_COLOR: '1' }, ['\u001b[K']],
    ['knows neither where it is dumb', { TERM: 'dumb' }, []],
  ])('%s', async (_what, env, expected) => {
    const args = ['verify', 'test/cli', '--trust-on-first-use'];
    const { code, screen } = await onTerminal(args, { command: LAUNCHER, env });
    expect(screen).toContain('✗ Refused');
    expect(['\u001b[K', '\u001b[31m'].filter((sequence) => screen.includes(sequence))).toEqual(expected);
    expect(screen.includes('\u001b')).toBe(expected.length > 0);
    const lines = stripVTControlCharacters(screen).split(/[\r\n]+/);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(code).toBe(1);
  });

  test.concurrent.each(['check', 'support-bundle', 'wait tuf', 'status'])(
    'a plug-in that asks for credentials has the terminal to itself: %s',
    async (line) => {
      await using directory = await temporaryDirectory('asking');
      const apiVersion = 'client.authentication.k8s.io/v1';
      const command = join(directory.path, 'login');
      const credential = JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token: 'x' } });
      // A person is slower than the clock of a progress.
      const asking = `printf 'Log in? [y/N] ' >&2; sleep 3; read answer; echo "thanks for $answer" >&2`;
      await writeFile(command, `#!/bin/sh\n${asking}\necho '${credential}'\n`, { mode: 0o755 });
      const kubeconfig = await unreachableCluster(directory.path, {
        exec: { apiVersion, command, interactiveMode: 'Always' },
      });
      const { screen } = await onTerminal(line.split(' '), {
        command: PLUGIN,
        env: { KUBECONFIG: kubeconfig },
        typed: 'y\n',
      });
      expect(screen).toMatch(/Log in\? \[y\/N\] (?:y\r\n)?thanks for y\r\n/);
      expect(screen).toContain('ECONNREFUSED');
    },
  );

  test.each([
    ['Ctrl-C', '\u0003', 130, 'error: Interrupted at the question: nothing was changed.'],
    ['Ctrl-D', '\u0004', 64, 'error: Nothing was started.'],
    ['n', 'n\n', 64, 'error: Nothing was started.'],
  ])('%s at a question changes nothing and is no defect', async (_key, typed, expected, message) => {
    await using directory = await temporaryDirectory('question');
    const kubeconfig = await unreachableCluster(directory.path, {});
    const { code, screen } = await onTerminal(['run', 'alice/tuf/x'], {
      command: PLUGIN,
      env: { KUBECONFIG: kubeconfig, TERM: 'dumb' },
      typed,
    });
    expect(screen).toContain(`\r\n${message}`);
    expect(screen).not.toContain('\u001b');
    expect(code).toBe(expected);
  });
});
