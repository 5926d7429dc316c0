import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileOf } from '../tuf/generator/mutations/mutation.ts';
import { inAYear, Repository } from '../tuf/generator/repository.ts';
import { FileServer } from '../tuf/http-server.ts';
import { type CLIResult, runCLI } from './run-cli.ts';

let base: string;
let mirror: FileServer;

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'conformance-'));
  mirror = await FileServer.start();
  const files = new Repository({ expires: inAYear(new Date()) }).seal();
  for (const [name, bytes] of files) {
    mirror.files.set(name, bytes);
  }
  writeFileSync(join(base, 'root.json'), fileOf(files, '1.root.json'));
  // Another file, given as the root by mistake.
  writeFileSync(join(base, 'plain.txt'), 'not metadata\n');
});

afterEach(async () => {
  await mirror.stop();
  rmSync(base, { recursive: true, force: true });
});

/** Runs the command where `root.json` is the initial root. */
function conformance(...args: readonly string[]): Promise<CLIResult> {
  return runCLI(['conformance', ...args], { cwd: base });
}

const initialise = (root = 'root.json'): Promise<CLIResult> =>
  conformance('--metadata-dir', 'metadata', 'init', root);

const refresh = (url = mirror.url): Promise<CLIResult> =>
  conformance('--metadata-dir', 'metadata', '--metadata-url', url, 'refresh');

function expectFailure({ code, stdout, stderr }: CLIResult, status: number, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/internal error| at .*\.ts:/);
  expect(stdout).toBe('');
  expect(code).toBe(status);
}

test('init, refresh and download succeed quietly, with the flags before the command or after it', async () => {
  expect(await initialise()).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await refresh()).toEqual({ code: 0, stdout: '', stderr: '' });
  const after = ['refresh', '--metadata-dir', 'metadata', '--metadata-url', mirror.url];
  expect(await conformance(...after)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(readdirSync(join(base, 'metadata')).sort()).toEqual([
    'root.json',
    'snapshot.json',
    'targets.json',
    'timestamp.json',
  ]);
});

test('--help says which exit codes there are', async () => {
  const { code, stdout } = await conformance('--help');
  expect(stdout).toMatch(/^ {2}0 {4}done\n {2}1 {4}refused or failed\n {2}64 {3}wrong usage$/m);
  expect(code).toBe(0);
});

describe('a wrong command line says what to give, exits with 64 and leaves nothing behind', () => {
  const metadata = ['--metadata-dir', 'metadata'];
  const url = ['--metadata-url', 'http://127.0.0.1:1/'];
  const targets = ['--target-base-url', 'http://127.0.0.1:1/', '--target-dir', 'targets'];
  test.each<[string, string[], RegExp]>([
    ['no command', metadata, /Usage: tuf-recovery conformance/],
    ['an unknown command', [...metadata, 'update'], /unknown command 'update'\s.*--help/],
    ['an unknown flag', [...metadata, '--fast', 'refresh'], /unknown option '--fast'/],
    ['no metadata directory', ['refresh'], /'--metadata-dir <dir>' not specified/],
    ['an empty metadata directory', ['--metadata-dir', '', 'refresh'], /--metadata-dir.*must not be empty/],
    ['no root to start with', [...metadata, 'init'], /missing required argument 'trusted-root'/],
    ['no mirror', [...metadata, 'refresh'], /--metadata-url is missing\. .*--help/],
    [
      'a mirror that is no URL',
      [...metadata, '--metadata-url', 'mirror', 'refresh'],
      /--metadata-url.*Give an http:\/\/ or https:\/\/ URL/,
    ],
    [
      'a mirror of another kind',
      [...metadata, '--metadata-url', 'ftp://mirror/', 'refresh'],
      /Give an http:\/\/ or https:\/\/ URL/,
    ],
    [
      'a mirror with a password',
      [...metadata, '--metadata-url', 'http://user:canary@mirror/', 'refresh'],
      /without user and password/,
    ],
    ['no artifact', [...metadata, ...url, ...targets, 'download'], /--target-name is missing/],
    [
      'no directory for artifacts',
      [...metadata, ...url, '--target-name', 'x', '--target-base-url', 'http://127.0.0.1:1/', 'download'],
      /--target-dir is missing/,
    ],
    [
      'no place for artifacts',
      [...metadata, ...url, '--target-name', 'x', '--target-dir', 'targets', 'download'],
      /--target-base-url is missing/,
    ],
  ])('%s', async (_, args, message) => {
    const result = await conformance(...args);
    expectFailure(result, 64, message);
    expect(result.stderr).not.toContain('canary');
    expect(readdirSync(base).sort()).toEqual(['plain.txt', 'root.json']);
  });
});

describe('files that are not what they should be', () => {
  test('an initial root that is not there', async () => {
    expectFailure(await initialise('nowhere'), 1, /nowhere can't be read: no such file.*Check the path/);
  });

  test('an initial root that is a directory', async () => {
    expectFailure(await initialise('.'), 1, /can't be read: illegal operation on a directory/);
  });

  test('a metadata directory that was never initialised', async () => {
    expectFailure(await refresh(), 1, /No trusted root is stored yet\. Initialise the client/);
    expect(mirror.requests).toEqual([]);
  });

  test('an initial root that is no metadata', async () => {
    expect((await initialise('plain.txt')).code).toBe(0);
    expectFailure(await refresh(), 1, /root is refused: the stored one: .*PinnedRootInvalid.*Initialise/);
    expect(mirror.requests).toEqual([]);
  });

  test('a metadata directory that is a file', async () => {
    writeFileSync(join(base, 'metadata'), '');
    expectFailure(await initialise(), 1, /metadata can't be created: file already exists/);
    expectFailure(await refresh(), 1, /metadata\/root\.json can't be read: not a directory/);
  });

  test('a metadata directory where none can be created', async () => {
    const nowhere = ['--metadata-dir', '/proc/1/metadata', 'init', join(base, 'root.json')];
    expectFailure(await conformance(...nowhere), 1, /\/proc\/1\/metadata can't be created: .*Check the path/);
  });

  test('a directory in the place of trusted metadata, next to which nothing is left behind', async () => {
    mkdirSync(join(base, 'metadata', 'root.json'), { recursive: true });
    expectFailure(await initialise(), 1, /root\.json can't be written: .*directory/);
    expectFailure(await refresh(), 1, /root\.json can't be read: .*directory/);
    expect(readdirSync(join(base, 'metadata'))).toEqual(['root.json']);
  });
});

describe('a mirror that does not deliver', () => {
  const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
    '403': (response) => response.writeHead(403).end(),
    '404': (response) => response.writeHead(404).end(),
    '500': (response) => response.writeHead(500).end(),
    'no end': (response) => {
      const junk = Buffer.alloc(65_536);
      const more = (): void => {
        while (!response.destroyed && response.write(junk)) {}
        response.once('drain', more);
      };
      more();
    },
    'half a body': (response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{');
      response.destroy();
    },
  };
  test.each([
    ['403', /timestamp\.json may not be read \(status 403\); check its permissions/],
    ['404', /timestamp is refused: timestamp\.json is not there \(TimestampMissing\)\. .*Try another mirror/],
    ['500', /timestamp\.json failed with status 500; try again later/],
    ['no end', /timestamp\.json is larger than 65536 bytes \(FileTooLarge\)\. .*Try another mirror/],
    ['half a body', /timestamp\.json could not be read\. Check the address, the network and the mirror/],
  ])('%s', async (answer, message) => {
    await initialise();
    mirror.intercept = (request, response) => {
      if (request.url !== '/timestamp.json') {
        return false;
      }
      answers[answer]?.(response);
      return true;
    };
    expectFailure(await refresh(), 1, message);
    expect(readdirSync(join(base, 'metadata'))).toEqual(['root.json']);
  });

  test('a refused connection', async () => {
    await initialise();
    const { url } = mirror;
    await mirror.stop();
    expectFailure(await refresh(url), 1, /2\.root\.json could not be read\. Check the address/);
    mirror = await FileServer.start();
  });
});
