import { describe, expect, test } from 'vitest';
import type { HighWaterMarks, VerifyOptions } from '../../../src/tuf/verify/verification.ts';
import { verify } from '../../../src/tuf/verify/verify.ts';
import { MemorySource } from '../generator/memory-source.ts';
import { fileOf, sha256 } from '../generator/mutations/mutation.ts';
import { REFERENCE_TIME, Repository, type RepositoryOptions } from '../generator/repository.ts';

/** Two roots; timestamp 5, snapshot 4, targets 3; `a` (7) delegates to `below` (6). */
function repositoryOf(options: RepositoryOptions = {}): Repository {
  const repository = new Repository({
    roots: 2,
    delegations: [{ name: 'a', children: [{ name: 'below' }] }],
    ...options,
  });
  for (const [role, version] of [
    ['timestamp', 5],
    ['snapshot', 4],
    ['targets', 3],
    ['a', 7],
    ['below', 6],
  ] as const) {
    if (repository.delegated.has(role) || ['timestamp', 'snapshot', 'targets'].includes(role)) {
      repository.file(role).version = version;
    }
  }
  return repository;
}

async function verified(files: ReadonlyMap<string, Buffer>, changes: Partial<VerifyOptions> = {}) {
  const { findings, trusted, verdict } = await verify(new MemorySource(files), {
    anchor: { kind: 'sha256', sha256: sha256(files.get('1.root.json') ?? Buffer.of()) },
    now: REFERENCE_TIME,
    policy: { mode: 'recovery' },
    ...changes,
  });
  const listed = findings.map(({ code, role, version }) => [code, role, version]);
  return { findings, listed, trusted, verdict };
}

/** Every repository here has it. */
const nested = ['NestedDelegation', 'a', 7];

describe('facts are those of the files', () => {
  test('of every role', async () => {
    const repository = repositoryOf();
    const expires = (day: number) => `2031-01-0${day}T00:00:00Z`;
    for (const [index, role] of ['timestamp', 'snapshot', 'targets', 'a', 'below'].entries()) {
      repository.file(role).signed['expires'] = expires(index + 1);
    }
    repository.root(1).signed['expires'] = expires(6);
    repository.root(2).signed['expires'] = expires(7);
    const files = repository.seal();
    const { trusted } = await verified(files);
    const facts = (name: string, role: string, version: number, day: number) => ({
      role,
      version,
      expires: new Date(expires(day)),
      sha256: sha256(fileOf(files, name)),
      object: { name, size: fileOf(files, name).length, lastModified: new Date(0) },
    });
    const { role: _, ...first } = facts('1.root.json', 'root', 1, 6);
    const { role: __, ...newest } = facts('2.root.json', 'root', 2, 7);
    expect(trusted).toMatchObject({
      heads: { root: 2, timestamp: 5, snapshot: 4, targets: 3 },
      firstRoot: { ...first, signatures: 1 },
      root: { ...newest, signatures: 1 },
      delegatedNames: ['a'],
    });
    expect(trusted?.heads.delegated).toEqual(
      new Map([
        ['a', 7],
        ['below', 6],
      ]),
    );
    expect(trusted?.timestamp).toEqual(facts('timestamp.json', 'timestamp', 5, 1));
    expect(trusted?.snapshot).toEqual(facts('4.snapshot.json', 'snapshot', 4, 2));
    expect(trusted?.targets).toEqual(facts('3.targets.json', 'targets', 3, 3));
    expect(trusted?.delegated).toEqual([
      { ...facts('7.a.json', 'a', 7, 4), depth: 1, delegators: ['targets'] },
      { ...facts('6.below.json', 'below', 6, 5), depth: 2, delegators: ['a'] },
    ]);
  });

  test('an empty signature of a root, the place of one that is still to come, is none', async () => {
    const repository = repositoryOf();
    repository.root(1).signatureEdits.push((signatures) => signatures.push({ keyid: 'later', sig: '' }));
    const { trusted } = await verified(repository.seal());
    expect(trusted?.firstRoot).toMatchObject({ signatures: 1 });
  });

  test('without delegations no role is delegated, and nothing is found', async () => {
    const repository = repositoryOf();
    repository.delegated.clear();
    delete repository.targets.signed['delegations'];
    const { trusted, listed } = await verified(repository.seal());
    expect(listed).toEqual([]);
    expect(trusted).toMatchObject({ delegated: [], delegatedNames: [] });
  });
});

test.each([
  ['root', 2],
  ['timestamp', 5],
  ['snapshot', 4],
  ['targets', 3],
  ['a', 7],
  ['below', 6],
] as const)('%s has version %i: as a minimum that is met, and one more is not', async (role, version) => {
  const files = repositoryOf().seal();
  const withMinimum = (minimum: number) =>
    verified(files, { policy: { mode: 'recovery', minimumVersions: { [role]: minimum } } });
  expect((await withMinimum(version)).listed).toEqual([nested]);
  expect((await withMinimum(version + 1)).listed).toEqual([['BelowMinimumVersion', role, version], nested]);
});

describe('marks', () => {
  const files = repositoryOf().seal();
  const digest = (name: string) => sha256(fileOf(files, name));
  const A = 'a'.repeat(64);
  /** A timestamp, trusted before, that names this version of snapshot. */
  const naming = (version: number): Buffer => {
    const earlier = repositoryOf();
    earlier.snapshot.version = version;
    return fileOf(earlier.seal(), 'timestamp.json');
  };

  test.each<[string, HighWaterMarks, readonly unknown[][]]>([
    ['of all heads', { root: { version: 2 }, timestamp: { version: 5 }, snapshot: { version: 4 } }, []],
    ['root 1 as it is', { root: { version: 1, sha256: digest('1.root.json') } }, []],
    ['root 1 with other bytes', { root: { version: 1, sha256: A } }, [['HeadReplaced', 'root', 1]]],
    ['root 2 as it is', { root: { version: 2, sha256: digest('2.root.json') } }, []],
    ['root 2 with other bytes', { root: { version: 2, sha256: A } }, [['HeadReplaced', 'root', 2]]],
    ['root 3', { root: { version: 3 } }, [['RootRollback', 'root', 2]]],
    ['timestamp 5 as it is', { timestamp: { version: 5, sha256: digest('timestamp.json') } }, []],
    [
      'timestamp 5, other bytes',
      { timestamp: { version: 5, sha256: A } },
      [['HeadReplaced', 'timestamp', 5]],
    ],
    ['timestamp 6', { timestamp: { version: 6 } }, [['TimestampRollback', 'timestamp', 5]]],
    ['snapshot 4 as it is', { snapshot: { version: 4, sha256: digest('4.snapshot.json') } }, []],
    ['snapshot 4, other bytes', { snapshot: { version: 4, sha256: A } }, [['HeadReplaced', 'snapshot', 4]]],
    ['snapshot 5', { snapshot: { version: 5 } }, [['SnapshotRollback', 'snapshot', 4]]],
    ['a timestamp that names snapshot 4', { timestampBytes: naming(4) }, []],
    [
      'a timestamp that names snapshot 5',
      { timestampBytes: naming(5) },
      [['SnapshotRollback', 'snapshot', 4]],
    ],
    [
      'a timestamp that names less than the mark',
      { timestampBytes: naming(1), snapshot: { version: 5 } },
      [['SnapshotRollback', 'snapshot', 4]],
    ],
    [
      'a timestamp that names more than the mark',
      { timestampBytes: naming(5), snapshot: { version: 1 } },
      [['SnapshotRollback', 'snapshot', 4]],
    ],
    [
      'a timestamp and a mark of what is there',
      { timestampBytes: naming(4), snapshot: { version: 4, sha256: digest('4.snapshot.json') } },
      [],
    ],
  ])('%s', async (_, marks, expected) => {
    expect((await verified(files, { marks })).listed).toEqual([...expected, nested]);
  });
});

describe('a wall names the role whose turn it was, with the version that its parent names', () => {
  test.each<[string, string, string, number | undefined]>([
    ['2.root.json', 'MalformedJSON', 'root', undefined],
    ['timestamp.json', 'MalformedJSON', 'timestamp', undefined],
    ['4.snapshot.json', 'SnapshotLengthMismatch', 'snapshot', 4],
    ['3.targets.json', 'RoleLengthMismatch', 'targets', 3],
  ])('%s is damaged', async (name, code, role, version) => {
    const files = repositoryOf().seal();
    files.set(name, Buffer.from('{'));
    const { listed, trusted, verdict } = await verified(files);
    expect({ listed, trusted, verdict }).toEqual({
      listed: [[code, role, version]],
      trusted: undefined,
      verdict: 'refused',
    });
  });

  test('a root that is damaged weighs more than a timestamp that is gone', async () => {
    const files = repositoryOf().seal();
    files.delete('timestamp.json');
    expect((await verified(files)).listed).toEqual([['TimestampMissing', 'timestamp', undefined]]);
    files.set('2.root.json', Buffer.from('{'));
    expect((await verified(files)).listed).toEqual([['MalformedJSON', 'root', undefined]]);
  });
});

describe('what is held against the time and against the state before', () => {
  test.each([
    ['root', 'RootExpired', 2],
    ['timestamp', 'MetadataExpired', 5],
    ['snapshot', 'MetadataExpired', 4],
    ['targets', 'MetadataExpired', 3],
    ['a', 'MetadataExpired', 7],
  ])('%s is expired', async (role, code, version) => {
    const repository = repositoryOf();
    const file = role === 'root' ? repository.root(2) : repository.file(role);
    file.signed['expires'] = '2029-12-31T00:00:00Z';
    const { listed } = await verified(repository.seal());
    expect(listed).toContainEqual([code, role, version]);
    expect(listed).toHaveLength(2);
  });

  test('an expired timestamp may be a replayed one where nothing is pinned', async () => {
    const codes = async (expires: string) => {
      const repository = repositoryOf();
      repository.timestamp.signed['expires'] = expires;
      const { listed } = await verified(repository.seal(), { anchor: { kind: 'first-use' } });
      return listed.map(([code]) => code);
    };
    expect(await codes('2030-01-01T00:00:00Z')).toContain('ReplayIndistinguishable');
    expect(await codes('2030-01-01T00:00:01Z')).not.toContain('ReplayIndistinguishable');
  });

  test('a remembered root that is not in a chain nothing vouches for is missed', async () => {
    const files = repositoryOf().seal();
    files.delete('1.root.json');
    const options = { anchor: { kind: 'first-use' }, marks: { root: { version: 1 } } } as const;
    expect((await verified(files, options)).listed).toContainEqual(['RememberedRootMissing', 'root', 2]);
  });

  test('a role that the snapshot before listed, and the snapshot no longer lists', async () => {
    const earlier = repositoryOf();
    earlier.delegate('targets', { name: 'gone' });
    earlier.snapshot.version = 3;
    const snapshotBytes = fileOf(earlier.seal(), '3.snapshot.json');
    const { listed } = await verified(repositoryOf().seal(), { marks: { snapshotBytes } });
    expect(listed).toEqual([['RoleRemovedFromSnapshot', 'snapshot', 4], nested]);
  });

  test('a name that collides with a key of the server', async () => {
    const repository = repositoryOf();
    repository.delegate('targets', { name: 'ROOT' });
    expect((await verified(repository.seal())).listed).toContainEqual([
      'RoleNameCollides',
      'ROOT',
      undefined,
    ]);
  });
});

test('files without versions in their names are read where the root says so, by a client', async () => {
  const plain = (consistent: boolean) => {
    const repository = repositoryOf();
    repository.root(2).signed['consistent_snapshot'] = consistent;
    const files = repository.seal();
    for (const [name, role] of [
      ['4.snapshot.json', 'snapshot'],
      ['3.targets.json', 'targets'],
      ['7.a.json', 'a'],
      ['6.below.json', 'below'],
    ] as const) {
      files.set(`${role}.json`, fileOf(files, name));
      files.delete(name);
    }
    return files;
  };
  const strict = { policy: { mode: 'strict' } } as const;
  expect((await verified(plain(false), strict)).verdict).toBe('trusted');
  expect((await verified(plain(false))).listed).toEqual([['UnversionedRepository', 'snapshot', 4]]);
  expect((await verified(plain(true), strict)).listed).toEqual([['SnapshotMissing', 'snapshot', 4]]);
});

describe('what is reported of a chain that verifies', () => {
  test('a delegated role that delegates: to how many, and the first', async () => {
    const repository = repositoryOf();
    repository.delegate('a', { name: 'second' });
    const { findings } = await verified(repository.seal());
    expect(findings).toMatchObject([
      {
        code: 'NestedDelegation',
        detail: expect.stringContaining('"a" delegates to 2 more roles, the first is "below"'),
      },
    ]);
  });

  test.each(['targets', 'a'])('delegations of %s without exactly one kind of paths', async (role) => {
    const repository = repositoryOf();
    for (const name of ['x', 'y', 'z']) {
      repository.delegate(role, { name });
    }
    delete repository.delegation(role, 'y')['paths'];
    delete repository.delegation(role, 'z')['paths'];
    const { findings } = await verified(repository.seal());
    expect(findings.filter(({ code }) => code === 'AmbiguousPaths')).toMatchObject([
      {
        role,
        version: repository.file(role).version,
        detail: expect.stringContaining(
          '2 delegations don\'t give exactly one of paths and path_hash_prefixes, the first is to "y"',
        ),
      },
    ]);
  });

  test.each(['root', 'targets', 'a'])('one key under two ids of a role in %s', async (role) => {
    const repository = repositoryOf();
    const { signed } = role === 'root' ? repository.root(2) : repository.file(role);
    const [owner, name] = role === 'root' ? [signed, 'snapshot'] : [signed['delegations'], undefined];
    const { keys, roles } = owner as {
      keys: Record<string, object>;
      roles: Record<string, { keyids: string[] }>;
    };
    const listing = roles[name ?? 0];
    const [keyid = ''] = listing?.keyids ?? [];
    keys['again'] = { ...keys[keyid] };
    listing?.keyids.push('again');
    const { listed } = await verified(repository.seal());
    const version = role === 'root' ? 2 : repository.file(role).version;
    expect(listed).toContainEqual(['KeyListedTwice', role, version]);
  });

  test.each(['root', 'targets', 'a'])('a key id in %s that is not the digest of its key', async (role) => {
    const repository = repositoryOf();
    const { signed } = role === 'root' ? repository.root(2) : repository.file(role);
    const { keys } = (role === 'root' ? signed : signed['delegations']) as { keys: Record<string, unknown> };
    keys['my-key'] = repository.key('another').metadata;
    const { listed } = await verified(repository.seal());
    const version = role === 'root' ? 2 : repository.file(role).version;
    expect(listed.filter(([code]) => code === 'KeyIDMismatch')).toEqual([['KeyIDMismatch', role, version]]);
  });

  test.each(['root', 'timestamp', 'snapshot', 'targets', 'a', 'below'])(
    'a date of %s that the server would spell differently',
    async (role) => {
      const repository = repositoryOf();
      const file = role === 'root' ? repository.root(2) : repository.file(role);
      file.signed['expires'] = '2031-01-01T00:00:00+00:00';
      const { listed } = await verified(repository.seal());
      expect(listed.filter(([code]) => code === 'ServerWouldRefuse')).toEqual([
        ['ServerWouldRefuse', role, file.version],
      ]);
    },
  );

  test('bins are neither ambiguous nor nested', async () => {
    const { listed } = await verified(repositoryOf({ bins: { prefix: 'bin', bitLength: 2 } }).seal());
    expect(listed).toEqual([]);
  });
});

describe('what lies beside the chain', () => {
  const planted = ['5.snapshot.json', '4.targets.json', '8.a.json', '7.below.json'];
  const stray = '1.unknown.json';

  async function beside(change: (repository: Repository) => void = () => {}) {
    const repository = repositoryOf();
    change(repository);
    const files = repository.seal();
    for (const name of [...planted, stray]) {
      files.set(name, Buffer.from('{}'));
    }
    const { listed } = await verified(files, { policy: { mode: 'recovery', onInvalidDelegation: 'Skip' } });
    return listed;
  }

  test('is reported for every role of the chain', async () => {
    expect(await beside()).toEqual([
      nested,
      ['UnverifiedVersionAboveHead', 'a', 8],
      ['UnverifiedVersionAboveHead', 'below', 7],
      ['UnverifiedVersionAboveHead', 'snapshot', 5],
      ['UnverifiedVersionAboveHead', 'targets', 4],
      ['UndelegatedRole', 'unknown', 1],
    ]);
  });

  test('but is not called undelegated while a role that may delegate to it was not read', async () => {
    const listed = await beside((repository) =>
      repository.fileEdits.push((files) => files.delete('6.below.json')),
    );
    expect(listed.map(([code, role]) => [code, role])).toEqual([
      ['RoleMissing', 'below'],
      ['NestedDelegation', 'a'],
      ['UnverifiedVersionAboveHead', 'a'],
      ['UnverifiedVersionAboveHead', 'snapshot'],
      ['UnverifiedVersionAboveHead', 'targets'],
    ]);
  });

  test.each(['snapshot', 'targets', 'a', 'below'])(
    'a version of %s above the head that is signed is called so',
    async (role) => {
      const newer = repositoryOf();
      const { version } = newer.file(role);
      newer.file(role).version = Number(version) + 1;
      const name = `${Number(version) + 1}.${role}.json`;
      const files = repositoryOf().seal();
      files.set(name, fileOf(newer.seal(), name));
      const { listed } = await verified(files);
      expect(listed).toContainEqual(['VersionAboveHead', role, Number(version) + 1]);
    },
  );
});
