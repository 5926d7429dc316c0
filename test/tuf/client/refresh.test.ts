import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TrustStore } from '../../../src/tuf/client/trust-store.ts';
import { Updater } from '../../../src/tuf/client/updater.ts';
import { MemorySource } from '../generator/memory-source.ts';
import { fileOf } from '../generator/mutations/mutation.ts';
import {
  REFERENCE_TIME,
  Repository,
  type RepositoryOptions,
  type TopLevel,
} from '../generator/repository.ts';
import { TestClient } from './test-client.ts';

let client: TestClient;

beforeEach(async () => {
  client = await TestClient.start();
});

afterEach(() => client.stop());

/** Initialises with a state and refreshes to it. */
async function trust(
  options: RepositoryOptions,
  change?: (repository: Repository) => void,
): Promise<Map<string, Buffer>> {
  const files = client.publish(options, change);
  await client.initialise(files);
  expect(await client.refresh()).toBe('ok');
  return files;
}

const expire =
  (role: string, rootVersion = 1) =>
  (repository: Repository): void => {
    const file = role === 'root' ? repository.root(rootVersion) : repository.file(role);
    file.signed['expires'] = '2020-01-01T00:00:00Z';
  };

/** Gives a root the keys that another root has for a role. */
function keepKeys(repository: Repository, role: TopLevel, from: number, to: number): void {
  const roles = (version: number) => repository.root(version).signed['roles'] as Record<string, unknown>;
  const keys = (version: number) => repository.root(version).signed['keys'] as Record<string, unknown>;
  roles(to)[role] = roles(from)[role];
  Object.assign(keys(to), keys(from));
  repository.file(role).signers = repository.keysOf(role, from);
}

describe('what is asked for and stored', () => {
  test('asks for the next root, the timestamp, and what these name, in that order', async () => {
    await client.initialise(client.publish({ version: 2 }));
    expect(client.server.requests).toEqual([]);
    expect(await client.refresh()).toBe('ok');
    expect(client.metadataRequests()).toEqual([
      '2.root.json',
      'timestamp.json',
      '2.snapshot.json',
      '2.targets.json',
    ]);
    client.server.requests.length = 0;
    expect(await client.refresh()).toBe('ok');
    expect(client.metadataRequests()).toEqual(['2.root.json', 'timestamp.json']);
  });

  test('stores what it trusts byte for byte, without versions', async () => {
    const files = await trust({ roots: 3, rotate: ['root'], version: 7 });
    expect(client.trustedFiles()).toEqual(['root.json', 'snapshot.json', 'targets.json', 'timestamp.json']);
    expect(client.trusted('root')).toEqual(fileOf(files, '3.root.json'));
    expect(client.trusted('timestamp')).toEqual(fileOf(files, 'timestamp.json'));
    expect(client.trusted('snapshot')).toEqual(fileOf(files, '7.snapshot.json'));
    expect(client.trusted('targets')).toEqual(fileOf(files, '7.targets.json'));
  });

  test('reads unversioned files of a repository without consistent snapshots', async () => {
    const files = client.publish({}, (repository) => {
      repository.root(1).signed['consistent_snapshot'] = false;
    });
    await client.initialise(files);
    for (const role of ['snapshot', 'targets']) {
      client.server.files.set(`metadata/${role}.json`, fileOf(files, `1.${role}.json`));
    }
    expect(await client.refresh()).toBe('ok');
    expect(client.metadataRequests()).toEqual([
      '2.root.json',
      'timestamp.json',
      'snapshot.json',
      'targets.json',
    ]);
  });

  test.each(['timestamp', 'snapshot', 'targets'])('loads a damaged stored %s anew', async (role) => {
    const files = await trust({});
    const name = role === 'timestamp' ? 'timestamp.json' : `1.${role}.json`;
    client.damageStored(role);
    expect(await client.refresh()).toBe('ok');
    expect(client.trusted(role)).toEqual(fileOf(files, name));
  });

  test.each([
    ['timestamp.json', 'TimestampMissing'],
    ['1.snapshot.json', 'SnapshotMissing'],
    ['1.targets.json', 'RoleMissing'],
  ])('refuses when %s is not there', async (name, code) => {
    await client.initialise(client.publish({}));
    client.server.files.delete(`metadata/${name}`);
    expect(await client.refresh()).toBe(code);
  });

  test.each(['timestamp', 'snapshot', 'targets'])(
    'refuses a %s that its keys did not sign, and stores nothing of it',
    async (role) => {
      await trust({ version: 1 });
      client.publish({ version: 2 }, (repository) => {
        repository.file(role).signers = [repository.key('nobody')];
      });
      expect(await client.refresh()).toBe('ThresholdNotMet');
      expect(client.trustedVersion(role)).toBe(1);
    },
  );

  test.each(['timestamp', 'snapshot', 'targets'])(
    'refuses an expired %s and does not store it',
    async (role) => {
      await trust({ version: 1 });
      client.publish({ version: 2 }, expire(role));
      expect(await client.refresh()).toBe('MetadataExpired');
      expect(client.trustedVersion(role)).toBe(1);
    },
  );
});

describe('the root chain', () => {
  test('makes no request while the initial root is not signed', async () => {
    await client.initialise(
      client.publish({}, (repository) => {
        repository.root(1).signers = [];
      }),
    );
    expect(await client.refresh()).toBe('PinnedRootInvalid');
    expect(client.server.requests).toEqual([]);
  });

  test('keeps each root that verified although a later one does not', async () => {
    await client.initialise(
      client.publish({ roots: 3, rotate: ['root'] }, (repository) => {
        repository.root(3).signers = repository.keysOf('root', 3);
      }),
    );
    expect(await client.refresh()).toBe('RootNotSigned');
    expect(client.trustedVersion('root')).toBe(2);
  });

  test('refuses a root under the name of another version', async () => {
    const files = client.publish({ roots: 3 });
    await client.initialise(files);
    client.server.files.set('metadata/2.root.json', fileOf(files, '3.root.json'));
    expect(await client.refresh()).toBe('RootVersionMismatch');
    expect(client.trustedVersion('root')).toBe(1);
  });

  test('refuses a root that is expired, but not one that a newer root replaces', async () => {
    await client.initialise(client.publish({ roots: 2 }, expire('root', 1)));
    expect(await client.refresh()).toBe('ok');
    client.publish({ roots: 3 }, expire('root', 3));
    expect(await client.refresh()).toBe('RootExpired');
    expect(client.trustedVersion('root')).toBe(3);
  });

  test('takes a denied next root for the end of the chain, as storage without listing answers', async () => {
    await client.initialise(client.publish({}));
    client.server.intercept = (request, response) => {
      if (request.url !== '/metadata/2.root.json') {
        return false;
      }
      response.writeHead(403).end();
      return true;
    };
    expect(await client.refresh()).toBe('ok');
  });
});

test('follows 1,024 new roots in one update and the others in the next', async () => {
  const files = new Repository({ roots: 1030 }).seal();
  const trusted = new Map<string, Uint8Array>([['root', fileOf(files, '1.root.json')]]);
  const store: TrustStore = {
    read: async (role) => trusted.get(role),
    write: async (role, bytes) => void trusted.set(role, bytes),
    remove: async (role) => void trusted.delete(role),
  };
  const rootAfterUpdate = async (): Promise<Uint8Array | undefined> => {
    await new Updater({ metadata: new MemorySource(files), store, now: REFERENCE_TIME }).refresh();
    return trusted.get('root');
  };
  expect(Buffer.from((await rootAfterUpdate()) ?? [])).toEqual(fileOf(files, '1025.root.json'));
  expect(Buffer.from((await rootAfterUpdate()) ?? [])).toEqual(fileOf(files, '1030.root.json'));
});

describe('rollbacks', () => {
  test('refuses an older timestamp, an older snapshot, and a snapshot that lowers or drops a role', async () => {
    const roles = { delegations: [{ name: 'a' }] };
    await trust({ ...roles, version: 3 });
    client.publish({ ...roles, version: 2 });
    expect(await client.refresh()).toBe('TimestampRollback');
    client.publish({ ...roles, version: 2 }, (repository) => {
      repository.timestamp.version = 4;
    });
    expect(await client.refresh()).toBe('SnapshotRollback');
    client.publish({ ...roles, version: 4 }, (repository) => {
      repository.file('a').version = 1;
    });
    expect(await client.refresh()).toBe('RoleVersionLowered');
    client.publish({ version: 5 });
    expect(await client.refresh()).toBe('RoleRemovedFromSnapshot');
    expect([client.trustedVersion('timestamp'), client.trustedVersion('snapshot')]).toEqual([5, 3]);
  });

  test('an expired stored snapshot still counts against a rollback', async () => {
    const roles = { delegations: [{ name: 'a' }] };
    await client.initialise(client.publish({ ...roles, version: 3 }));
    const expired = client.publish({ ...roles, version: 3 }, expire('snapshot'));
    client.store('snapshot', fileOf(expired, '3.snapshot.json'));
    client.publish({ ...roles, version: 4 }, (repository) => {
      repository.file('a').version = 2;
    });
    expect(await client.refresh()).toBe('RoleVersionLowered');
  });

  test('starts over with timestamp and snapshot when their keys were rotated', async () => {
    const options = { rotate: ['snapshot'] } as const;
    await trust({ ...options, version: 9 });
    client.publish({ ...options, roots: 2, version: 1 });
    expect(await client.refresh()).toBe('ok');
    expect([client.trustedVersion('timestamp'), client.trustedVersion('snapshot')]).toEqual([1, 1]);
  });

  test('starts over as well when the update that brought the new keys did not get to its end', async () => {
    const options = { rotate: ['snapshot'] } as const;
    await trust({ ...options, version: 9 });
    client.publish({ ...options, roots: 2, version: 1 }, expire('root', 2));
    expect(await client.refresh()).toBe('RootExpired');
    client.publish({ ...options, roots: 3, version: 1 }, (repository) =>
      keepKeys(repository, 'snapshot', 2, 3),
    );
    expect(await client.refresh()).toBe('ok');
    expect([client.trustedVersion('timestamp'), client.trustedVersion('snapshot')]).toEqual([1, 1]);
  });
});

describe('the same version again', () => {
  test('keeps a timestamp of the same version that it already has', async () => {
    const first = await trust({ keyKinds: ['p256'] });
    // ECDSA signatures differ each time: the same version with other bytes.
    client.publish({ keyKinds: ['p256'] });
    expect(await client.refresh()).toBe('ok');
    expect(client.trusted('timestamp')).toEqual(fileOf(first, 'timestamp.json'));
  });

  test('silently discards such a timestamp, even when it names an older snapshot', async () => {
    await trust({ version: 2 });
    client.publish({ version: 1 }, (repository) => {
      repository.timestamp.version = 2;
    });
    expect(await client.refresh()).toBe('ok');
    expect(client.trustedVersion('snapshot')).toBe(2);
  });

  test('loads a snapshot anew when the timestamp names other bytes than the stored ones', async () => {
    await trust({ keyKinds: ['p256'] });
    const second = client.publish({ keyKinds: ['p256'] }, (repository) => {
      repository.timestamp.version = 2;
    });
    expect(await client.refresh()).toBe('ok');
    expect(client.trusted('snapshot')).toEqual(fileOf(second, '1.snapshot.json'));
  });
});
