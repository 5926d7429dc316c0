import { describe, expect, test } from 'vitest';
import type { GetOptions, ListedObject } from '../../../src/storage/source.ts';
import type { DelegatedRole } from '../../../src/tuf/metadata/delegated-role.ts';
import { openFile } from '../../../src/tuf/metadata/envelope.ts';
import { LIMITS } from '../../../src/tuf/metadata/limits.ts';
import { parseSnapshot } from '../../../src/tuf/metadata/snapshot.ts';
import { parseTargets, type Targets } from '../../../src/tuf/metadata/targets.ts';
import { walkDelegations } from '../../../src/tuf/verify/delegations.ts';
import type { VerifyOptions } from '../../../src/tuf/verify/verification.ts';
import { MemorySource } from '../generator/memory-source.ts';
import { fileOf } from '../generator/mutations/mutation.ts';
import { Repository, type RepositoryOptions, type RoleTree } from '../generator/repository.ts';
import { verificationOf } from './verification-of.ts';

interface Walk {
  readonly options?: RepositoryOptions;
  /** Changes the repository before it is signed. */
  readonly change?: (repository: Repository) => void;
  readonly verify?: Partial<VerifyOptions>;
  /** Where the files are read. */
  readonly from?: (files: ReadonlyMap<string, Buffer>) => MemorySource;
  /** What targets delegates, when it is not what the file says. */
  readonly delegates?: (targets: Targets) => Targets;
}

/** Walks the delegations of a repository; the fault that ends the walk is thrown. */
async function walk(
  delegations: readonly RoleTree[],
  { options, change, verify, from, delegates }: Walk = {},
) {
  const repository = new Repository({ delegations, ...options });
  change?.(repository);
  const files = repository.seal();
  const source = from?.(files) ?? new MemorySource(files);
  const run = await verificationOf(files, verify, source);
  const targets = parseTargets(openFile(fileOf(files, '1.targets.json'), 'targets', 'unambiguous'));
  const snapshot = parseSnapshot(openFile(fileOf(files, '1.snapshot.json'), 'snapshot', 'unambiguous'));
  const tree = await walkDelegations(run, delegates?.(targets) ?? targets, snapshot);
  return { ...tree, findings: run.findings.sorted(), reads: source.reads };
}

/** A chain of delegations so many levels deep. */
function levels(depth: number): readonly RoleTree[] {
  return depth === 0 ? [] : [{ name: `level-${depth}`, children: levels(depth - 1) }];
}

const named = (...names: readonly string[]): readonly RoleTree[] => names.map((name) => ({ name }));

/** Answers in the order opposite to that of the questions. */
class LastFirst extends MemorySource {
  #asked = 0;

  override async get(name: string, options: GetOptions): Promise<Uint8Array> {
    for (let turns = 20 - this.#asked++; turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return super.get(name, options);
  }
}

/** Lists every delegated role with that size, and counts how many files are asked for at once. */
class Listed extends MemorySource {
  most = 0;
  #open = 0;
  readonly #size: number | undefined;

  constructor(files: ReadonlyMap<string, Uint8Array>, size: number | undefined) {
    super(files);
    this.#size = size;
  }

  override async *list(): AsyncGenerator<readonly ListedObject[]> {
    for await (const page of super.list()) {
      yield page.map((object) => (/role-/.test(object.name) ? { ...object, size: this.#size } : object));
    }
  }

  override async get(name: string, options: GetOptions): Promise<Uint8Array> {
    this.most = Math.max(this.most, ++this.#open);
    await new Promise((resolve) => setImmediate(resolve));
    this.#open--;
    return super.get(name, options);
  }
}

test('delegations nest as deep as the limit, and no deeper', async () => {
  const { roles } = await walk(levels(LIMITS.delegationDepth));
  expect(roles.map(({ depth }) => depth)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await expect(walk(levels(LIMITS.delegationDepth + 1))).rejects.toMatchObject({
    code: 'DelegationTooDeep',
    message: expect.stringContaining('deeper than 8 levels'),
  });
});

test('names are kept in the order of the delegations, in whichever order the files arrive', async () => {
  const tree = [{ name: 'a', children: named('c') }, { name: 'b' }];
  const { roles, named: names, incomplete } = await walk(tree, { from: (files) => new LastFirst(files) });
  expect(roles.map(({ role }) => role)).toEqual(['a', 'b', 'c']);
  expect([...names]).toEqual(['a', 'b', 'c']);
  expect(incomplete).toBe(false);
});

test('progress counts the roles of all levels that are known', async () => {
  const progress: (readonly [number, number])[] = [];
  await walk([{ name: 'a', children: named('c', 'd') }, { name: 'b' }], {
    verify: { onProgress: (completed, total) => progress.push([completed, total]) },
  });
  expect(progress).toEqual([
    [1, 2],
    [2, 2],
    [3, 4],
    [4, 4],
  ]);
});

describe('files in flight', () => {
  const ten = named(...Array.from({ length: 10 }, (_, i) => `role-${i}`));
  const most = async (size: number | undefined, verify: Partial<VerifyOptions> = {}) => {
    let source: Listed | undefined;
    await walk(ten, {
      verify,
      from: (files) => {
        source = new Listed(files, size);
        return source;
      },
    });
    return source?.most;
  };

  test.each<[number | undefined, number]>([
    [1_000_000, 10],
    [LIMITS.bytesInFlight / 4, 4],
    [LIMITS.bytesInFlight / 4 + 1, 3],
    [LIMITS.bytesInFlight + 1, 1],
    // As much as is read of a file of unknown size.
    [undefined, Math.floor(LIMITS.bytesInFlight / LIMITS.unlistedBytes)],
    [0, Math.floor(LIMITS.bytesInFlight / LIMITS.unlistedBytes)],
  ])('listed with %s bytes each: %i of ten at once', async (size, expected) => {
    expect(await most(size)).toBe(expected);
  });

  test('as many as the caller wants, and 32 when the caller says nothing', async () => {
    expect(await most(1_000_000, { concurrency: 3 })).toBe(3);
    let source: Listed | undefined;
    await walk(named(...Array.from({ length: 40 }, (_, i) => `role-${i}`)), {
      from: (files) => {
        source = new Listed(files, 1_000);
        return source;
      },
    });
    expect(source?.most).toBe(32);
  });
});

describe('a role that fails', () => {
  test('is named, with what it could not be verified for, and makes the tree incomplete', async () => {
    const result = await walk(named('good', 'lost', 'unlisted'), {
      change: (repository) => {
        repository.fileEdits.push((files) => files.delete('1.lost.json'));
        repository.snapshot.edits.push((signed) => {
          delete (signed['meta'] as Record<string, unknown>)['unlisted.json'];
        });
      },
    });
    expect(result.roles.map(({ role }) => role)).toEqual(['good']);
    expect([...result.named]).toEqual(['good', 'lost', 'unlisted']);
    expect(result.incomplete).toBe(true);
    expect(result.findings.map(({ code, role, version }) => [code, role, version])).toEqual([
      ['RoleMissing', 'lost', 1],
      ['RoleNotInSnapshot', 'unlisted', undefined],
    ]);
  });

  test.each<[string, (repository: Repository) => void]>([
    [
      'RoleVersionMismatch',
      (repository) =>
        repository.snapshot.edits.push((signed) => {
          Object.assign(signed['meta'] as object, { 'a.json': { version: 2 } });
        }),
    ],
    [
      'ThresholdNotMet',
      (repository) => {
        repository.file('a').signers = [repository.key('b')];
      },
    ],
    [
      'InvalidMetadata',
      (repository) => {
        repository.file('a').signed['targets'] = 1;
      },
    ],
  ])('%s', async (code, change) => {
    const { roles, findings, incomplete } = await walk(
      [{ name: 'a', children: named('below') }, { name: 'b' }],
      {
        options: { digests: false },
        change: (repository) => {
          change(repository);
          if (code === 'RoleVersionMismatch') {
            repository.fileEdits.push((files) => files.set('2.a.json', fileOf(files, '1.a.json')));
          }
        },
      },
    );
    expect(findings.map((finding) => [finding.code, finding.role])).toEqual([[code, 'a']]);
    expect(roles.map(({ role }) => role)).toEqual(['b']);
    expect(incomplete).toBe(true);
  });
});

test('an expired role is reported, and its file is one of the chain', async () => {
  const { roles, findings } = await walk(named('a'), {
    change: (repository) => {
      repository.file('a').signed['expires'] = '2029-12-31T00:00:00Z';
    },
  });
  expect(roles.map(({ role }) => role)).toEqual(['a']);
  expect(findings).toMatchObject([{ code: 'MetadataExpired', role: 'a', version: 1 }]);
});

describe('a role that several roles delegate to', () => {
  /** a and b delegate to c, each for a key of its own. */
  const diamond: readonly RoleTree[] = [
    { name: 'a', children: [{ name: 'c', keys: ['by-a'] }] },
    { name: 'b', children: [{ name: 'c', keys: ['by-b'] }] },
  ];

  test.each<[readonly string[], readonly string[] | undefined, string | undefined, string]>([
    [['by-a', 'by-b'], ['a', 'b'], undefined, ''],
    [['by-a'], ['a'], 'NotSignedForDelegator', 'the signatures that "b" asks for'],
    [['by-b'], ['b'], 'NotSignedForDelegator', 'the signatures that "a" asks for'],
    [['by-c'], undefined, 'ThresholdNotMet', '0 of the 1 signatures'],
  ])('signed %j, it is reached from %j', async (signers, delegators, code, why) => {
    const { roles, findings, reads } = await walk(diamond, {
      change: (repository) => {
        repository.file('c').signers = signers.map((name) => repository.key(name));
      },
    });
    const found = roles.find(({ role }) => role === 'c');
    expect(found?.delegators).toEqual(delegators);
    const ids = delegators?.map((name) => [new Repository().key(`by-${name}`).keyid]);
    expect(found?.signers.map(({ role }) => role.keyids)).toEqual(ids);
    expect(findings).toMatchObject(
      code === undefined ? [] : [{ code, role: 'c', version: 1, detail: expect.stringContaining(why) }],
    );
    expect(reads.filter((name) => name === '1.c.json')).toHaveLength(1);
  });

  test('at different depths: a later delegation is checked against the file as it was read', async () => {
    const { roles, findings, reads } = await walk(named('c', 'a'), {
      change: (repository) => {
        repository.delegate('a', { name: 'c', keys: ['by-a'] });
        repository.delegate('c', { name: 'a' });
      },
    });
    expect(roles.map(({ role, delegators }) => [role, delegators])).toEqual([
      ['c', ['targets']],
      ['a', ['targets', 'c']],
    ]);
    expect(findings).toMatchObject([{ code: 'NotSignedForDelegator', role: 'c', version: 1 }]);
    expect(reads).toEqual(['1.c.json', '1.a.json']);
  });

  test('a later delegation to a role that failed says nothing more about it', async () => {
    const { findings } = await walk(named('c', 'a'), {
      change: (repository) => {
        repository.delegate('a', { name: 'c', keys: ['by-a'] });
        repository.fileEdits.push((files) => files.delete('1.c.json'));
      },
    });
    expect(findings.map(({ code }) => code)).toEqual(['RoleMissing']);
  });
});

test('what the server cannot verify is reported of the roles that targets delegates to, which alone it reads', async () => {
  const tree = (name: string): RoleTree => ({ name, keys: [`${name}-1`, `${name}-2`], threshold: 2 });
  const { findings } = await walk([{ ...tree('known'), children: [tree('nested')] }], {
    options: { keyKinds: ['ed25519', 'p384-hex'] },
  });
  expect(findings.map(({ code, role }) => [code, role])).toEqual([['ServerWouldRefuse', 'known']]);
});

describe('signed bytes that were too many to keep', () => {
  const large: Walk = {
    change: (repository) => {
      for (const role of ['large-1', 'large-2']) {
        repository.file(role).signed['padding'] = 'x'.repeat(0.6 * LIMITS.bytesRetained);
      }
      for (const name of ['large-1', 'large-2', 'small']) {
        repository.delegate('a', { name });
      }
    },
  };
  const tree = named('large-1', 'large-2', 'small', 'a');

  test('are read again for a delegation that turns up later', async () => {
    const { roles, findings, reads } = await walk(tree, large);
    expect(findings).toEqual([]);
    expect(roles.map(({ role, delegators }) => [role, delegators])).toEqual([
      ['large-1', ['targets', 'a']],
      ['large-2', ['targets', 'a']],
      ['small', ['targets', 'a']],
      ['a', ['targets']],
    ]);
    // Those of either large file fit, and those of the other do not.
    expect(reads.map((name) => name.replace(/-\d/, '')).toSorted()).toEqual([
      ...['1.a.json', '1.large.json', '1.large.json', '1.large.json', '1.small.json'],
    ]);
  });

  test('and must be those of the file that was verified', async () => {
    class Replaced extends MemorySource {
      override async get(name: string, options: GetOptions): Promise<Uint8Array> {
        const isSecond = this.reads.includes(name);
        const bytes = await super.get(name, options);
        return isSecond ? Buffer.from(bytes).fill(0x20, bytes.length - 1) : bytes;
      }
    }
    const { roles, findings, incomplete } = await walk(tree, {
      ...large,
      from: (files) => new Replaced(files),
    });
    expect(findings).toMatchObject([
      { code: 'RoleHashMismatch', role: expect.stringMatching(/^large-/), version: 1 },
    ]);
    expect(roles.map(({ role }) => role.replace(/-\d/, ''))).toEqual(['large', 'small', 'a']);
    expect(incomplete).toBe(true);
  });
});

test('the roles of all levels together are as many as the limit, and no more', async () => {
  const unlisted = (count: number) => (targets: Targets) => {
    const { delegations } = targets;
    const [known] = delegations?.roles ?? [];
    if (delegations === undefined || known === undefined) {
      throw new Error('targets delegates nothing');
    }
    const more = Array.from({ length: count }, (_, i): DelegatedRole => ({ ...known, name: `role-${i}` }));
    return { ...targets, delegations: { ...delegations, roles: [known, ...more] } };
  };
  const tree = [{ name: 'a', children: named('b', 'c') }];
  const most = await walk(tree, { delegates: unlisted(LIMITS.roles - 3) });
  expect(most.named.size).toBe(LIMITS.roles);
  await expect(walk(tree, { delegates: unlisted(LIMITS.roles - 2) })).rejects.toMatchObject({
    code: 'LimitExceeded',
    message: expect.stringContaining(`more than ${LIMITS.roles} roles`),
  });
});

test('the delegations of all delegated roles together hold no more values than the limit', async () => {
  const half = new Array(LIMITS.nestedDelegations.nodes / 2).fill('x');
  const values = walk(named('a', 'b'), {
    change: (repository) => {
      for (const role of ['a', 'b']) {
        repository.delegate(role, { name: 'c' });
        repository.delegation(role, 'c')['paths'] = half;
      }
    },
  });
  await expect(values).rejects.toMatchObject({
    code: 'LimitExceeded',
    message: expect.stringContaining(`more than ${LIMITS.nestedDelegations.nodes} values`),
  });
});
