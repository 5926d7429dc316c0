import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileOf, sha256 } from '../generator/mutations/mutation.ts';
import type { Repository, RepositoryOptions } from '../generator/repository.ts';
import { TestClient } from './test-client.ts';

let client: TestClient;

beforeEach(async () => {
  client = await TestClient.start();
});

afterEach(() => client.stop());

async function initialise(
  options: RepositoryOptions,
  change: (repository: Repository) => void,
): Promise<Map<string, Buffer>> {
  const files = client.publish(options, change);
  await client.initialise(files);
  return files;
}

/** Lets every delegation be trusted for every path without a slash. */
function delegateEverything(repository: Repository): void {
  for (const file of [repository.targets, ...repository.delegated.values()]) {
    const delegations = file.signed['delegations'] as { roles: Record<string, unknown>[] } | undefined;
    for (const role of delegations?.roles ?? []) {
      role['paths'] = ['*'];
    }
  }
}

/** Delegated roles in the order they were asked for. */
function visited(): readonly string[] {
  const topLevel = /^(\d+\.(root|snapshot|targets)|timestamp)\.json$/;
  return client.metadataRequests().filter((name) => !topLevel.test(name));
}

describe('artifacts', () => {
  test('stores an artifact under one name, and asks for it once', async () => {
    await initialise({}, (repository) =>
      client.artifact(repository, 'targets', 'path/to/app.tar.gz', 'content'),
    );
    expect(await client.download('path/to/app.tar.gz')).toBe('ok');
    expect(await client.download('path/to/app.tar.gz')).toBe('ok');
    expect(client.downloaded('path%2Fto%2Fapp.tar.gz')).toBe('content');
    expect(client.server.requests.filter((path) => path.startsWith('targets/'))).toHaveLength(1);
  });

  test('asks for the plain path of a repository without consistent snapshots', async () => {
    const files = await initialise({}, (repository) => {
      repository.root(1).signed['consistent_snapshot'] = false;
      client.artifact(repository, 'targets', 'path/app', 'content');
    });
    for (const role of ['snapshot', 'targets']) {
      client.server.files.set(`metadata/${role}.json`, fileOf(files, `1.${role}.json`));
    }
    client.server.files.set('targets/path/app', Buffer.from('content'));
    expect(await client.download('path/app')).toBe('ok');
    expect(client.server.requests.at(-1)).toBe('targets/path/app');
  });

  test('refuses an artifact with other content, and stores nothing of it', async () => {
    await initialise({}, (repository) => client.artifact(repository, 'targets', 'app', 'content'));
    const path = `targets/${sha256(Buffer.from('content'))}.app`;
    client.server.files.set(path, Buffer.from('comtent'));
    expect(await client.download('app')).toBe('MetadataRefused');
    client.server.files.set(path, Buffer.from('conten'));
    expect(await client.download('app')).toBe('MetadataRefused');
    client.server.files.set(path, Buffer.from('content and more'));
    expect(await client.download('app')).toBe('TooLarge');
    client.server.files.delete(path);
    expect(await client.download('app')).toBe('NotFound');
    expect(await client.download('an unknown target')).toBe('NotFound');
    expect(readdirSync(client.base).sort()).toEqual(['initial.json', 'metadata']);
  });

  test('keeps the verified artifact it has when the mirror serves another one', async () => {
    await initialise({ version: 1 }, (repository) => client.artifact(repository, 'targets', 'app', 'one'));
    expect(await client.download('app')).toBe('ok');
    client.publish({ version: 2 }, (repository) => client.artifact(repository, 'targets', 'app', 'two'));
    client.server.files.set(`targets/${sha256(Buffer.from('two'))}.app`, Buffer.from('owt'));
    expect(await client.download('app')).toBe('MetadataRefused');
    expect(client.downloads()).toEqual(['app']);
    expect(client.downloaded('app')).toBe('one');
  });

  test.each(['.', '..', '../outside', '/x', '?', '#', '%2e'])(
    'stores an artifact called %j inside its directory',
    async (name) => {
      await initialise({}, (repository) => client.artifact(repository, 'targets', name, 'content'));
      client.server.intercept = (request, response) => {
        if (!request.url?.startsWith('/targets/') && !request.url?.includes('.outside')) {
          return false;
        }
        response.writeHead(200).end('content');
        return true;
      };
      expect(await client.download(name)).toBe('ok');
      expect(client.downloads()).toHaveLength(1);
      expect(readdirSync(client.base).sort()).toEqual(['initial.json', 'metadata', 'targets']);
    },
  );
});

describe('delegations', () => {
  test('walks them in order, by path, and stops at terminating roles', async () => {
    await initialise(
      {
        delegations: [
          { name: 'first', children: [{ name: 'nested' }] },
          { name: 'second' },
          { name: 'last' },
        ],
      },
      (repository) => {
        for (const role of ['first', 'second', 'last']) {
          repository.delegation('targets', role)['paths'] = ['app-?/*'];
        }
        repository.delegation('first', 'nested')['paths'] = ['app-1/*'];
        repository.delegation('targets', 'second')['terminating'] = true;
        client.artifact(repository, 'nested', 'app-1/a', 'nested');
        client.artifact(repository, 'second', 'app-1/a', 'shadowed');
        client.artifact(repository, 'second', 'app-2/a', 'second');
        client.artifact(repository, 'last', 'app-3/a', 'out of reach');
      },
    );
    expect(await client.download('app-1/a', 'app-2/a')).toBe('ok');
    expect(client.downloaded('app-1%2Fa')).toBe('nested');
    expect(visited()).toEqual(['1.first.json', '1.nested.json', '1.second.json']);
    expect(await client.download('app-3/a')).toBe('NotFound');
    expect(await client.download('app-22/a')).toBe('NotFound');
  });

  test('stops at a terminating delegation to a role it has been at before', async () => {
    await initialise(
      {
        delegations: [
          { name: 'a', children: [{ name: 'shared' }] },
          { name: 'b', children: [{ name: 'shared' }, { name: 'later' }] },
        ],
      },
      (repository) => {
        delegateEverything(repository);
        repository.delegation('b', 'shared')['terminating'] = true;
        client.artifact(repository, 'later', 'x', 'not to be trusted for x');
      },
    );
    expect(await client.download('x')).toBe('NotFound');
    expect(visited()).toEqual(['1.a.json', '1.shared.json', '1.b.json']);
  });

  test('ends a search in a cycle of delegations', async () => {
    await initialise({ delegations: [{ name: 'a', children: [{ name: 'b' }] }] }, (repository) => {
      repository.delegate('b', { name: 'a' });
      delegateEverything(repository);
    });
    expect(await client.download('x')).toBe('NotFound');
    expect(visited()).toEqual(['1.a.json', '1.b.json']);
  });

  test('looks into 32 delegated roles and no further', async () => {
    const names = Array.from({ length: 34 }, (_, index) => `role-${index + 1}`);
    await initialise({ delegations: names.map((name) => ({ name })) }, (repository) => {
      delegateEverything(repository);
      client.artifact(repository, 'role-32', 'near', 'content');
      client.artifact(repository, 'role-33', 'far', 'content');
    });
    expect(await client.download('near')).toBe('ok');
    expect(await client.download('far')).toBe('NotFound');
    expect(visited()).toHaveLength(32);
  });

  test('finds the role whose prefix the hash of the path has', async () => {
    const digest = sha256(Buffer.from('some/artifact'));
    const other = digest.startsWith('0') ? '1' : '0';
    await initialise({ delegations: [{ name: 'other' }, { name: 'right' }] }, (repository) => {
      for (const [role, prefix] of [
        ['other', other],
        ['right', digest.slice(0, 3)],
      ] as const) {
        const delegation = repository.delegation('targets', role);
        delete delegation['paths'];
        delegation['path_hash_prefixes'] = [prefix];
        client.artifact(repository, role, 'some/artifact', role);
      }
    });
    expect(await client.download('some/artifact')).toBe('ok');
    expect(client.downloaded('some%2Fartifact')).toBe('right');
  });

  test('finds the bin of succinct roles', async () => {
    const path = 'some/artifact';
    const bin = Number.parseInt(sha256(Buffer.from(path)).slice(0, 1), 16).toString(16);
    await initialise({ bins: { prefix: 'bin', bitLength: 4 } }, (repository) =>
      client.artifact(repository, `bin-${bin}`, path, 'content'),
    );
    expect(await client.download(path)).toBe('ok');
    expect(visited()).toEqual([`1.bin-${bin}.json`]);
  });

  test('refuses to guess when a delegation routes by paths and by hashes', async () => {
    await initialise({ delegations: [{ name: 'a' }] }, (repository) => {
      delegateEverything(repository);
      repository.delegation('targets', 'a')['path_hash_prefixes'] = ['ff'];
      client.artifact(repository, 'a', 'x', 'content');
    });
    expect(await client.download('x')).toBe('AmbiguousPaths');
  });

  test('gives a role no authority that another delegator gave it', async () => {
    await initialise(
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
          client.artifact(repository, 'shared', `team-${team}/x`, team);
        }
      },
    );
    expect(await client.download('team-a/x', 'team-b/x')).toBe('NotSignedForDelegator');
    expect(client.downloads()).toEqual(['team-a%2Fx']);
  });

  test('ends the search at a role that does not verify, and stores nothing of it', async () => {
    await initialise({ delegations: [{ name: 'a' }, { name: 'b' }] }, (repository) => {
      delegateEverything(repository);
      repository.file('a').signers = [repository.key('nobody')];
      client.artifact(repository, 'b', 'x', 'content');
    });
    expect(await client.download('x')).toBe('ThresholdNotMet');
    expect(client.trustedFiles()).toEqual(['root.json', 'snapshot.json', 'targets.json', 'timestamp.json']);
  });

  test('stores roles with any name inside its directory', async () => {
    const names = ['../outside', '/x', '?', '#', '.', '..'];
    await initialise({ delegations: names.map((name) => ({ name })) }, delegateEverything);
    expect(await client.download('nothing')).toBe('NotFound');
    expect(client.trustedFiles()).toHaveLength(4 + names.length);
    expect(readdirSync(client.base).sort()).toEqual(['initial.json', 'metadata']);
  });
});
