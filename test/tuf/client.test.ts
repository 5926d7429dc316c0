import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { Updater as TufJSUpdater } from 'tuf-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { registerConformance } from '../../src/cli/conformance.ts';
import type { CommandContext } from '../../src/cli/context.ts';
import { RecoveryError } from '../../src/errors.ts';
import { matches } from '../../src/tuf/client/path-match.ts';
import { arbitraryOptions, damage } from './generator/arbitrary.ts';
import { fileOf, sha256 } from './generator/mutations/mutation.ts';
import { SeededRandom } from './generator/random.ts';
import { Repository, type RepositoryOptions } from './generator/repository.ts';
import { FileServer } from './http-server.ts';

/** Any number reproduces the run that printed it. */
const SEED = process.env['TUF_TEST_SEED'] ?? String(Date.now());

let server: FileServer;
let base: string;

beforeEach(async () => {
  server = await FileServer.start();
  base = mkdtempSync(join(tmpdir(), 'conformance-client-'));
});

afterEach(async () => {
  await server.stop();
  rmSync(base, { recursive: true, force: true });
});

const metadataDir = (): string => join(base, 'metadata');
const targetDir = (): string => join(base, 'targets');

/** Runs the command as the conformance suite does; 0, or the code of the refusal. */
async function client(...args: readonly string[]): Promise<string> {
  const context: Partial<CommandContext> = {
    stderr: new PassThrough(),
    signal: new AbortController().signal,
  };
  const program = new Command().exitOverride();
  // The command uses nothing else of its context.
  registerConformance(program, context as CommandContext);
  try {
    await program.parseAsync(['conformance', '--metadata-dir', metadataDir(), ...args], { from: 'user' });
    return 'ok';
  } catch (error) {
    if (error instanceof RecoveryError) return 'finding' in error ? String(error.finding) : error.code;
    throw error;
  }
}

const refresh = (): Promise<string> => client('--metadata-url', `${server.url}metadata/`, 'refresh');

const download = (...names: readonly string[]): Promise<string> =>
  client(
    '--metadata-url',
    `${server.url}metadata`,
    '--target-base-url',
    `${server.url}targets/`,
    '--target-dir',
    targetDir(),
    ...names.flatMap((name) => ['--target-name', name]),
    'download',
  );

/** Serves a state of a repository; files of earlier states stay, as in a bucket. */
function publish(
  options: RepositoryOptions,
  change: (repository: Repository) => void = () => {},
): Map<string, Buffer> {
  const repository = new Repository(options);
  change(repository);
  const files = repository.seal();
  for (const [name, bytes] of files) server.files.set(`metadata/${encodeURIComponent(name)}`, bytes);
  return files;
}

async function initialise(files: ReadonlyMap<string, Buffer>): Promise<void> {
  const root = join(base, 'initial.json');
  writeFileSync(root, fileOf(files, '1.root.json'));
  expect(await client('init', root)).toBe('ok');
}

function trusted(role: string): Buffer {
  return readFileSync(join(metadataDir(), `${role}.json`));
}

function trustedVersion(role: string): number {
  return JSON.parse(trusted(role).toString()).signed.version;
}

/** Adds an artifact to a role and to the server. */
function artifact(repository: Repository, role: string, path: string, content: string): void {
  const bytes = Buffer.from(content);
  const { targets } = repository.file(role).signed as { targets: Record<string, unknown> };
  targets[path] = { length: bytes.length, hashes: { sha256: sha256(bytes) } };
  const slash = path.lastIndexOf('/') + 1;
  server.files.set(`targets/${path.slice(0, slash)}${sha256(bytes)}.${path.slice(slash)}`, bytes);
}

describe('refresh', () => {
  test('asks for the next root, the timestamp, and what these name, in that order', async () => {
    await initialise(publish({ version: 2 }));
    expect(server.requests).toEqual([]);
    expect(await refresh()).toBe('ok');
    expect(server.requests).toEqual([
      'metadata/2.root.json',
      'metadata/timestamp.json',
      'metadata/2.snapshot.json',
      'metadata/2.targets.json',
    ]);
    server.requests.length = 0;
    expect(await refresh()).toBe('ok');
    expect(server.requests).toEqual(['metadata/2.root.json', 'metadata/timestamp.json']);
  });

  test('stores what it trusts byte for byte, without versions', async () => {
    const files = publish({ roots: 3, rotate: ['root'], version: 7 });
    await initialise(files);
    expect(await refresh()).toBe('ok');
    expect(readdirSync(metadataDir()).sort()).toEqual([
      'root.json',
      'snapshot.json',
      'targets.json',
      'timestamp.json',
    ]);
    expect(trusted('root')).toEqual(fileOf(files, '3.root.json'));
    expect(trusted('timestamp')).toEqual(fileOf(files, 'timestamp.json'));
    expect(trusted('snapshot')).toEqual(fileOf(files, '7.snapshot.json'));
  });

  test('reads unversioned files of a repository without consistent snapshots', async () => {
    const files = publish({}, (repository) => {
      repository.root(1).signed['consistent_snapshot'] = false;
    });
    await initialise(files);
    for (const role of ['snapshot', 'targets'])
      server.files.set(`metadata/${role}.json`, fileOf(files, `1.${role}.json`));
    expect(await refresh()).toBe('ok');
    expect(server.requests).toContain('metadata/snapshot.json');
  });

  test('makes no request while the initial root is not signed', async () => {
    const files = publish({}, (repository) => {
      repository.root(1).signers = [];
    });
    await initialise(files);
    expect(await refresh()).toBe('PinnedRootInvalid');
    expect(server.requests).toEqual([]);
  });

  test('keeps each root that verified although a later one does not', async () => {
    await initialise(
      publish({ roots: 3, rotate: ['root'] }, (repository) => {
        repository.root(3).signers = repository.keysOf('root', 3);
      }),
    );
    expect(await refresh()).toBe('RootNotSigned');
    expect(trustedVersion('root')).toBe(2);
  });

  test.each(['timestamp', 'snapshot', 'targets'])(
    'refuses an expired %s and does not store it',
    async (role) => {
      await initialise(publish({ version: 1 }));
      expect(await refresh()).toBe('ok');
      publish({ version: 2 }, (repository) => {
        repository.file(role).signed['expires'] = '2020-01-01T00:00:00Z';
      });
      expect(await refresh()).toBe('MetadataExpired');
      expect(trustedVersion(role)).toBe(1);
    },
  );

  test('refuses a root that is expired, but not one that a newer root replaces', async () => {
    const expire = (version: number) => (repository: Repository) => {
      repository.root(version).signed['expires'] = '2020-01-01T00:00:00Z';
    };
    const files = publish({ roots: 2 }, expire(1));
    await initialise(files);
    expect(await refresh()).toBe('ok');
    publish({ roots: 3 }, expire(3));
    expect(await refresh()).toBe('RootExpired');
    expect(trustedVersion('root')).toBe(3);
  });

  test('refuses an older timestamp, an older snapshot, and a snapshot that lowers or drops a role', async () => {
    const roles = { delegations: [{ name: 'a' }] };
    await initialise(publish({ ...roles, version: 3 }));
    expect(await refresh()).toBe('ok');
    publish({ ...roles, version: 2 });
    expect(await refresh()).toBe('TimestampRollback');
    publish({ ...roles, version: 2 }, (repository) => {
      repository.timestamp.version = 4;
    });
    expect(await refresh()).toBe('SnapshotRollback');
    publish({ ...roles, version: 4 }, (repository) => {
      repository.file('a').version = 1;
    });
    expect(await refresh()).toBe('RoleVersionLowered');
    publish({ version: 5 });
    expect(await refresh()).toBe('RoleRemovedFromSnapshot');
    expect([trustedVersion('timestamp'), trustedVersion('snapshot')]).toEqual([5, 3]);
  });

  test('starts over with timestamp and snapshot when their keys were rotated', async () => {
    const options = { rotate: ['snapshot'] } as const;
    await initialise(publish({ ...options, version: 9 }));
    expect(await refresh()).toBe('ok');
    publish({ ...options, roots: 2, version: 1 });
    expect(await refresh()).toBe('ok');
    expect([trustedVersion('timestamp'), trustedVersion('snapshot')]).toEqual([1, 1]);
  });

  test('keeps a timestamp of the same version that it already has', async () => {
    const first = publish({ keyKinds: ['p256'] });
    await initialise(first);
    expect(await refresh()).toBe('ok');
    // ECDSA signatures differ each time: the same version with other bytes.
    publish({ keyKinds: ['p256'] });
    expect(await refresh()).toBe('ok');
    expect(trusted('timestamp')).toEqual(fileOf(first, 'timestamp.json'));
  });

  test.each([
    ['timestamp.json', 'TimestampMissing'],
    ['1.snapshot.json', 'SnapshotMissing'],
    ['1.targets.json', 'RoleMissing'],
  ])('refuses when %s is not there', async (name, code) => {
    await initialise(publish({}));
    server.files.delete(`metadata/${name}`);
    expect(await refresh()).toBe(code);
  });

  test('takes a denied next root for the end of the chain, as storage without listing answers', async () => {
    await initialise(publish({}));
    server.intercept = (request, response) => {
      if (request.url !== '/metadata/2.root.json') return false;
      response.writeHead(403).end();
      return true;
    };
    expect(await refresh()).toBe('ok');
  });
});

describe('download', () => {
  test('stores an artifact under one name, and asks for it once', async () => {
    const files = publish({}, (repository) =>
      artifact(repository, 'targets', 'path/to/app.tar.gz', 'content'),
    );
    await initialise(files);
    expect(await download('path/to/app.tar.gz')).toBe('ok');
    expect(await download('path/to/app.tar.gz')).toBe('ok');
    expect(readFileSync(join(targetDir(), 'path%2Fto%2Fapp.tar.gz'), 'utf8')).toBe('content');
    expect(server.requests.filter((path) => path.startsWith('targets/'))).toHaveLength(1);
  });

  test('refuses an artifact with other content, and keeps the one it has', async () => {
    const files = publish({}, (repository) => artifact(repository, 'targets', 'app', 'content'));
    await initialise(files);
    const [path = ''] = [...server.files.keys()].filter((key) => key.startsWith('targets/'));
    server.files.set(path, Buffer.from('comtent'));
    expect(await download('app')).toBe('RoleHashMismatch');
    server.files.set(path, Buffer.from('content and more'));
    expect(await download('app')).toBe('FileTooLarge');
    expect(await download('nobody knows this')).toBe('NotFound');
  });

  test('walks the delegations in order, by path, and stops at terminating roles', async () => {
    const files = publish(
      {
        delegations: [
          { name: 'first', children: [{ name: 'nested' }] },
          { name: 'second' },
          { name: 'last' },
        ],
      },
      (repository) => {
        for (const role of ['first', 'second', 'last'])
          repository.delegation('targets', role)['paths'] = ['app-?/*'];
        repository.delegation('first', 'nested')['paths'] = ['app-1/*'];
        repository.delegation('targets', 'second')['terminating'] = true;
        artifact(repository, 'nested', 'app-1/a', 'nested');
        artifact(repository, 'second', 'app-1/a', 'shadowed');
        artifact(repository, 'second', 'app-2/a', 'second');
        artifact(repository, 'last', 'app-3/a', 'out of reach');
      },
    );
    await initialise(files);
    expect(await download('app-1/a', 'app-2/a')).toBe('ok');
    expect(readFileSync(join(targetDir(), 'app-1%2Fa'), 'utf8')).toBe('nested');
    expect(server.requests.slice(4).filter((path) => path.startsWith('metadata/'))).toEqual([
      'metadata/1.first.json',
      'metadata/1.nested.json',
      'metadata/1.second.json',
    ]);
    expect(await download('app-3/a')).toBe('NotFound');
    expect(await download('app-22/a')).toBe('NotFound');
  });

  test('finds the bin of succinct roles', async () => {
    const path = 'some/artifact';
    const bin = Number.parseInt(sha256(Buffer.from(path)).slice(0, 1), 16);
    const files = publish({ bins: { prefix: 'bin', bitLength: 4 } }, (repository) =>
      artifact(repository, `bin-${bin.toString(16)}`, path, 'content'),
    );
    await initialise(files);
    expect(await download(path)).toBe('ok');
  });

  test('gives a role no authority that another delegator gave it', async () => {
    const files = publish(
      {
        delegations: [
          { name: 'a', children: [{ name: 'shared', keys: ['by-a'] }] },
          { name: 'b', children: [{ name: 'shared', keys: ['by-b'] }] },
        ],
      },
      (repository) => {
        for (const team of ['a', 'b']) {
          repository.delegation('targets', team)['paths'] = [`team-${team}/*`];
          repository.delegation(team, 'shared')['paths'] = [`team-${team}/*`];
          artifact(repository, 'shared', `team-${team}/x`, team);
        }
      },
    );
    await initialise(files);
    expect(await download('team-a/x', 'team-b/x')).toBe('NotSignedForDelegator');
    expect(readdirSync(targetDir())).toEqual(['team-a%2Fx']);
  });

  test('stores roles with any name inside its directory', async () => {
    const names = ['../outside', '/x', '?', '#'];
    const files = publish({ delegations: names.map((name) => ({ name })) }, (repository) => {
      for (const name of names) repository.delegation('targets', name)['paths'] = ['*'];
    });
    await initialise(files);
    expect(await download('nothing')).toBe('NotFound');
    expect(readdirSync(metadataDir())).toHaveLength(4 + names.length);
    expect(readdirSync(base).sort()).toEqual(['initial.json', 'metadata']);
  });
});

test.each([
  ['*', 'a', true],
  ['*', 'a/b', false],
  ['a/*', 'a/', true],
  ['a/?', 'a/b', true],
  ['a/?', 'a/bc', false],
  ['*.tgz', 'x.tgz', true],
  ['*.tgz', 'x.tgz.sig', false],
  ['a*b*c', 'axxbyyc', true],
  ['a*b*c', 'axxbyy', false],
  ['', '', true],
  [`${'*a'.repeat(30)}b`, 'a'.repeat(60), false],
])('the pattern %j and the path %j: %s', (pattern, path, expected) => {
  expect(matches(pattern, path)).toBe(expected);
});

test(`60 generated repositories are refreshed, or refused, as tuf-js does (seed ${SEED})`, async () => {
  for (let i = 0; i < 60; i++) {
    const random = new SeededRandom(`${SEED}/client/${i}`);
    const repository = new Repository(arbitraryOptions(random, i % 10 === 0));
    const what = random.boolean() ? 'nothing' : damage(random, repository);
    const files = repository.seal();
    server.files.clear();
    for (const [name, bytes] of files) server.files.set(`metadata/${encodeURIComponent(name)}`, bytes);
    rmSync(metadataDir(), { recursive: true, force: true });
    await initialise(files);
    const theirs = mkdtempSync(join(base, 'tuf-js-'));
    writeFileSync(join(theirs, 'root.json'), fileOf(files, '1.root.json'));
    const expected = await tufJSRefresh(theirs);
    const found = await refresh();
    const context = `TUF_TEST_SEED=${SEED}, repository ${i}, ${what}: ${expected}, ours ${found}`;
    expect(found === 'ok', context).toBe(expected === 'ok');
    expect(trusted('root'), context).toEqual(readFileSync(join(theirs, 'root.json')));
  }
}, 300_000);

/** What tuf-js says; it checks the initial root in its constructor already. */
async function tufJSRefresh(metadata: string): Promise<string> {
  try {
    const config = { fetchRetries: 0 };
    await new TufJSUpdater({
      metadataDir: metadata,
      metadataBaseUrl: `${server.url}metadata`,
      config,
    }).refresh();
    return 'ok';
  } catch (error) {
    return String(error);
  }
}
