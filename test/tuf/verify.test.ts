import { describe, expect, test } from 'vitest';
import { RecoveryError, TerminalError } from '../../src/errors.ts';
import type { GetOptions } from '../../src/storage/source.ts';
import type { Version } from '../../src/tuf/metadata/version.ts';
import type { Trusted, Verification, VerifyOptions } from '../../src/tuf/verify/verification.ts';
import { verify } from '../../src/tuf/verify/verify.ts';
import { MemorySource } from './generator/memory-source.ts';
import { fileOf, sha256 } from './generator/mutations/mutation.ts';
import { REFERENCE_TIME, Repository, type RepositoryOptions, type RoleTree } from './generator/repository.ts';

type Files = ReadonlyMap<string, Buffer>;

function optionsFor(files: Files, changes: Partial<VerifyOptions> = {}): VerifyOptions {
  return {
    anchor: { kind: 'sha256', sha256: sha256(fileOf(files, '1.root.json')) },
    now: REFERENCE_TIME,
    policy: { mode: 'recovery' },
    ...changes,
  };
}

function seal(
  options: RepositoryOptions,
  change: (repository: Repository) => void = () => {},
): Map<string, Buffer> {
  const repository = new Repository(options);
  change(repository);
  return repository.seal();
}

async function verifyFiles(
  files: Files,
  changes: Partial<VerifyOptions> = {},
): Promise<Verification<Version>> {
  return verify(new MemorySource(files), optionsFor(files, changes));
}

function trustedOf({ trusted, findings }: Verification<Version>): Trusted<Version> {
  if (trusted === undefined) {
    throw new Error(`refused: ${JSON.stringify(findings[0])}`);
  }
  return trusted;
}

function codesOf({ findings }: Verification<Version>): readonly string[] {
  return findings.map(({ code }) => code);
}

describe('what is proven', () => {
  test('heads, facts and names of a repository with rotations, delegations and history', async () => {
    const options = {
      roots: 3,
      rotate: ['root', 'snapshot'],
      version: 4,
      delegations: tree('default', 'Beta'),
    } as const;
    const files = new Map([...seal({ ...options, version: 3 }), ...seal(options)]);
    const verification = await verifyFiles(files);
    const trusted = trustedOf(verification);
    expect(verification.findings).toEqual([]);
    expect(trusted.heads).toEqual({
      root: 3,
      timestamp: 4,
      snapshot: 4,
      targets: 4,
      delegated: new Map([
        ['default', 4],
        ['Beta', 4],
      ]),
    });
    expect(trusted.delegatedNames).toEqual(['default', 'Beta']);
    expect(trusted.firstRoot).toMatchObject({
      version: 1,
      signatures: 1,
      sha256: sha256(fileOf(files, '1.root.json')),
    });
    expect(trusted.root).toMatchObject({ version: 3, signatures: 2, object: { name: '3.root.json' } });
    expect(trusted.delegated).toMatchObject([
      { role: 'default', depth: 1, delegators: ['targets'], object: { name: '4.default.json' } },
      { role: 'Beta', depth: 1, delegators: ['targets'], object: { name: '4.Beta.json' } },
    ]);
    expect(trusted.targets.expires).toEqual(new Date('2031-01-01T00:00:00Z'));
    expect(verification.listing.size).toBe(files.size);
  });

  test('every kind of key, in every role, with thresholds of two of three', async () => {
    for (const kind of [
      'ed25519',
      'ed25519-pem',
      'p256',
      'p256-hex',
      'p384',
      'p384-hex',
      'rsa-sha256',
      'rsa-sha512',
    ] as const) {
      const files = seal({
        seed: kind,
        keyKinds: [kind],
        keysPerRole: 3,
        threshold: 2,
        delegations: tree('a'),
      });
      const verification = await verifyFiles(files);
      expect(verification.verdict).toBe('trusted');
      // The server knows fewer kinds; which ones is held against the server's own library elsewhere.
      expect(codesOf(verification).filter((code) => code !== 'ServerWouldRefuse')).toEqual([]);
    }
  });

  test('roles whose names are those of the prototype', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
    const files = seal({ delegations: tree(...names) });
    const trusted = trustedOf(await verifyFiles(files));
    expect([...trusted.heads.delegated.keys()]).toEqual(names);
    const broken = seal({ delegations: tree(...names), digests: false }, (repository) => {
      repository.file('__proto__').signers = [repository.key('constructor')];
    });
    expect(codesOf(await verifyFiles(broken))).toEqual(['ThresholdNotMet']);
  });

  test('key ids and fields whose names are those of the prototype', async () => {
    const files = seal({ delegations: tree('a') }, (repository) => {
      const key = repository.key('a');
      for (const name of ['__proto__', 'constructor']) {
        const { keys } = repository.targets.signed['delegations'] as { keys: object };
        Object.defineProperty(keys, name, { value: key.metadata, enumerable: true });
        Object.defineProperty(repository.targets.signed, name, { value: { x: 1 }, enumerable: true });
      }
      repository.delegation('targets', 'a')['keyids'] = ['__proto__'];
      repository.file('a').signers = [{ ...key, keyid: '__proto__' }];
    });
    expect(codesOf(await verifyFiles(files))).toEqual(['KeyIDMismatch']);
  });

  test('succinct roles: every bin, by its name', async () => {
    const files = seal({ bins: { prefix: 'bin', bitLength: 5 } });
    const trusted = trustedOf(await verifyFiles(files));
    expect(trusted.heads.delegated.size).toBe(32);
    expect(trusted.delegatedNames[0]).toBe('bin-00');
    expect(trusted.delegatedNames.at(-1)).toBe('bin-1f');
    files.delete('1.bin-1f.json');
    expect(codesOf(await verifyFiles(files))).toEqual(['RoleMissing']);
  });

  test('cycles and diamonds of delegations, each file read once', async () => {
    const files = seal({ delegations: tree('a', 'b') }, (repository) => {
      repository.delegate('a', { name: 'c', keys: ['shared'] });
      repository.delegate('b', { name: 'c', keys: ['shared'] });
      repository.delegate('c', { name: 'a' });
      repository.delegate('c', { name: 'c', keys: ['shared'] });
    });
    const source = new MemorySource(files);
    const trusted = trustedOf(await verify(source, optionsFor(files)));
    expect(trusted.delegated.map(({ role, depth, delegators }) => [role, depth, delegators])).toEqual([
      ['a', 1, ['targets', 'c']],
      ['b', 1, ['targets']],
      ['c', 2, ['a', 'b', 'c']],
    ]);
    expect(source.reads.toSorted()).toEqual([...files.keys()].sort());
  });
});

describe('what is read', () => {
  test('one listing, the timestamp beside it, every root and every linked file once, and no history', async () => {
    const history = Array.from({ length: 5 }, (_, i) => seal({ version: i + 1, delegations: tree('a') }));
    const files = new Map(history.flatMap((state) => [...state]));
    const source = new MemorySource(files);
    trustedOf(await verify(source, optionsFor(files)));
    expect(source.lists).toBe(1);
    expect(source.reads[0]).toBe('timestamp.json');
    expect(source.reads.toSorted()).toEqual(
      ['1.root.json', '5.a.json', '5.snapshot.json', '5.targets.json', 'timestamp.json'].sort(),
    );
  });

  test('at most 16 files above the head, and every one of them is named', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `role-${i}`);
    const files = seal({ delegations: tree(...names) });
    for (const name of names) {
      files.set(`9.${name}.json`, Buffer.from('{}'));
    }
    const source = new MemorySource(files);
    const verification = await verify(source, optionsFor(files));
    expect(codesOf(verification)).toEqual(names.map(() => 'UnverifiedVersionAboveHead'));
    expect(source.reads.filter((name) => name.startsWith('9.'))).toHaveLength(16);
  });

  test('no more files at once than the given concurrency, or the one of the source', async () => {
    const files = seal({ delegations: tree(...Array.from({ length: 50 }, (_, i) => `role-${i}`)) });
    const source = new SlowSource(files);
    trustedOf(await verify(source, optionsFor(files, { concurrency: 7 })));
    expect(source.most).toBe(7);
    const wide = Object.assign(new SlowSource(files), { concurrency: 40 });
    trustedOf(await verify(wide, optionsFor(files)));
    expect(wide.most).toBe(40);
  });

  test('and progress is reported up to the last file', async () => {
    const files = seal({ delegations: tree('a', 'b', 'c') });
    const progress: (readonly [number, number])[] = [];
    await verifyFiles(files, { onProgress: (completed, total) => progress.push([completed, total]) });
    expect(progress).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });
});

describe('what a person may answer', () => {
  test('onInvalidDelegation Skip keeps the roles that verify and reports the one that does not', async () => {
    const files = seal({ delegations: tree('good', 'lost', 'also-good') });
    files.delete('1.lost.json');
    const refused = await verifyFiles(files);
    expect(refused.findings).toMatchObject([
      { code: 'RoleMissing', severity: 'deny', override: 'trust.onInvalidDelegation' },
    ]);
    const verification = await verifyFiles(files, {
      policy: { mode: 'recovery', onInvalidDelegation: 'Skip' },
    });
    const trusted = trustedOf(verification);
    expect(verification.findings).toMatchObject([{ code: 'RoleMissing', severity: 'report', role: 'lost' }]);
    expect(trusted.delegated.map(({ role }) => role)).toEqual(['good', 'also-good']);
    expect(trusted.delegatedNames).toEqual(['good', 'lost', 'also-good']);
  });

  test('roles below a skipped role are left out with it, because no verified role delegates to them any more', async () => {
    const files = seal(
      { delegations: [{ name: 'a', children: [{ name: 'b' }] }, { name: 'c' }], digests: false },
      (repository) => {
        repository.file('a').signers = [repository.key('another-key')];
      },
    );
    const verification = await verifyFiles(files, {
      policy: { mode: 'recovery', onInvalidDelegation: 'Skip' },
    });
    expect(trustedOf(verification).delegated.map(({ role }) => role)).toEqual(['c']);
  });

  test("a delegation that a role's file does not meet is skipped alone: the role keeps its other delegators", async () => {
    const files = seal(
      { delegations: [{ name: 'a', children: [{ name: 'b' }] }, { name: 'c' }] },
      (repository) => {
        repository.delegate('c', { name: 'a', keys: ['another-key'] });
        repository.delegate('c', { name: 'b', keys: ['another-key'] });
      },
    );
    expect(await verifyFiles(files)).toMatchObject({ verdict: 'refused' });
    const { trusted, findings } = await verifyFiles(files, {
      policy: { mode: 'recovery', onInvalidDelegation: 'Skip' },
    });
    expect(trusted?.delegated.map(({ role, delegators }) => [role, delegators])).toEqual([
      ['a', ['targets']],
      ['c', ['targets']],
      ['b', ['a']],
    ]);
    expect(findings.filter(({ code }) => code === 'NotSignedForDelegator').map(({ role }) => role)).toEqual([
      'a',
      'b',
    ]);
  });

  test('acceptRollbackTo accepts exactly the state with that timestamp version', async () => {
    const files = seal({ version: 3, delegations: tree('a') });
    const marks = { root: { version: 4 }, timestamp: { version: 9 }, snapshot: { version: 9 } };
    const denied = await verifyFiles(files, { marks });
    expect(codesOf(denied)).toEqual(['RootRollback', 'SnapshotRollback', 'TimestampRollback']);
    const wrong = await verifyFiles(files, { marks, policy: { mode: 'recovery', acceptRollbackTo: 2 } });
    expect(wrong.verdict).toBe('refused');
    const right = await verifyFiles(files, { marks, policy: { mode: 'recovery', acceptRollbackTo: 3 } });
    expect(right.verdict).toBe('trusted');
    expect(right.findings.every(({ severity }) => severity === 'report')).toBe(true);
  });

  test('a role that the snapshot no longer lists is named as removed before its delegation is called void', async () => {
    const earlier = seal({ version: 1, delegations: tree('a') });
    const files = new Map([
      ...earlier,
      ...seal({ version: 2, delegations: tree('a') }, (repository) => {
        repository.snapshot.edits.push((signed) => {
          const { 'a.json': _removed, ...rest } = signed['meta'] as Record<string, unknown>;
          signed['meta'] = rest;
        });
      }),
    ]);
    const snapshotBytes = fileOf(earlier, '1.snapshot.json');
    const verification = await verifyFiles(files, { marks: { snapshot: { version: 1 }, snapshotBytes } });
    expect(codesOf(verification)).toEqual(['RoleRemovedFromSnapshot', 'RoleNotInSnapshot']);
  });

  test('maxExpiredAge accepts metadata that expired longer ago', async () => {
    const files = seal({ expires: '2029-01-01T00:00:00Z' });
    expect((await verifyFiles(files)).verdict).toBe('refused');
    const year = 366 * 24 * 60 * 60;
    const verification = await verifyFiles(files, {
      policy: { mode: 'recovery', maxExpiredAgeSeconds: year },
    });
    expect(verification.verdict).toBe('trusted');
    expect(codesOf(verification)).toEqual([
      'RootExpired',
      'MetadataExpired',
      'MetadataExpired',
      'MetadataExpired',
    ]);
  });

  test('but no answer moves a wall', async () => {
    const files = seal({ delegations: tree('a') }, (repository) => {
      repository.targets.signers = [];
    });
    const verification = await verifyFiles(files, {
      policy: {
        mode: 'recovery',
        onInvalidDelegation: 'Skip',
        acceptRollbackTo: 1,
        maxExpiredAgeSeconds: Number.POSITIVE_INFINITY,
      },
    });
    expect(verification.findings).toMatchObject([
      { code: 'ThresholdNotMet', severity: 'wall', role: 'targets' },
    ]);
  });
});

describe('the strict policy', () => {
  const strict = { policy: { mode: 'strict' } } as const;

  test('refuses expired metadata, as clients do', async () => {
    const files = seal({ delegations: tree('a') }, (repository) => {
      repository.file('a').signed['expires'] = '2029-12-31T00:00:00Z';
    });
    expect((await verifyFiles(files)).verdict).toBe('trusted');
    expect((await verifyFiles(files, strict)).verdict).toBe('refused');
  });

  test('judges rollback before expiry: 5.4.3 comes before 5.4.4', async () => {
    const files = seal({ version: 3 }, (repository) => {
      repository.timestamp.signed['expires'] = '2029-12-31T00:00:00Z';
    });
    const verification = await verifyFiles(files, { ...strict, marks: { timestamp: { version: 9 } } });
    expect(codesOf(verification)).toEqual(['MetadataExpired', 'TimestampRollback']);
  });

  test('ends the chain of roots at a gap, as a client without a listing does', async () => {
    const files = seal({ roots: 3 });
    files.delete('2.root.json');
    const verification = await verifyFiles(files, strict);
    expect(trustedOf(verification).heads.root).toBe(1);
    expect(verification.findings).toMatchObject([{ code: 'RootGap', severity: 'report' }]);
  });
});

describe('attacks that the server itself accepts', () => {
  test('a complete self-signed set of version 999 is not believed', async () => {
    const options = { seed: 'victim', roots: 2, version: 5, delegations: tree('a') } as const;
    const attacker = new Repository({ ...options, seed: 'attacker', roots: 1, version: 999 });
    attacker.root(1).version = 999;
    const planted = attacker.seal();
    const withRoot = seal(options);
    withRoot.set('999.root.json', fileOf(planted, '1.root.json'));
    expect((await verifyFiles(withRoot)).findings).toMatchObject([{ code: 'RootGap', severity: 'wall' }]);

    const withoutRoot = seal(options);
    for (const role of ['targets', 'snapshot', 'a']) {
      withoutRoot.set(`999.${role}.json`, fileOf(planted, `999.${role}.json`));
    }
    const verification = await verifyFiles(withoutRoot);
    expect(trustedOf(verification).heads).toMatchObject({ root: 2, targets: 5, snapshot: 5 });
    expect(codesOf(verification)).toEqual(Array(3).fill('UnverifiedVersionAboveHead'));

    withoutRoot.set('timestamp.json', fileOf(planted, 'timestamp.json'));
    expect((await verifyFiles(withoutRoot)).findings[0]).toMatchObject({
      code: 'ThresholdNotMet',
      role: 'timestamp',
    });
  });

  test('an older timestamp swapped in is a state of its own without memory, and a rollback with it', async () => {
    const options = { delegations: tree('a') } as const;
    const files = new Map([...seal({ ...options, version: 1 }), ...seal({ ...options, version: 2 })]);
    const newest = fileOf(files, 'timestamp.json');
    files.set('timestamp.json', fileOf(seal({ ...options, version: 1 }), 'timestamp.json'));
    const verification = await verifyFiles(files);
    expect(trustedOf(verification).heads.timestamp).toBe(1);
    expect(codesOf(verification)).toEqual(['VersionAboveHead', 'VersionAboveHead', 'VersionAboveHead']);
    const marks = { timestamp: { version: 2, sha256: sha256(newest) } };
    expect((await verifyFiles(files, { marks })).findings[0]).toMatchObject({ code: 'TimestampRollback' });
  });
});

describe("when the bucket can't be read", () => {
  test('a 403 is thrown as it is and never read as an absent file', async () => {
    const files = seal({ delegations: tree('a') });
    for (const name of files.keys()) {
      const source = new FailingSource(files, name, 'AccessDenied');
      const failure = await verify(source, optionsFor(files)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(RecoveryError);
      expect(failure).toMatchObject({ code: 'AccessDenied' });
    }
  });

  test('a root that is listed and then gone is a wall', async () => {
    const files = seal({ roots: 2 });
    const verification = await verify(new FailingSource(files, '2.root.json', 'NotFound'), optionsFor(files));
    expect(verification.findings).toMatchObject([{ code: 'RootMissing', severity: 'wall' }]);
  });

  test("an aborted run throws the signal's reason", async () => {
    const files = seal({ delegations: tree(...Array.from({ length: 100 }, (_, i) => `role-${i}`)) });
    const controller = new AbortController();
    const reason = new Error('the deadline passed');
    const run = verifyFiles(files, {
      signal: controller.signal,
      onProgress: (completed) => {
        if (completed === 10) {
          controller.abort(reason);
        }
      },
    });
    await expect(run).rejects.toBe(reason);
  });

  test("damaged marks are the caller's fault, not the bucket's", async () => {
    const files = seal({ version: 3 });
    const marks = { snapshot: { version: 2 }, snapshotBytes: Buffer.from('{') };
    await expect(verifyFiles(files, { marks })).rejects.toMatchObject({ code: 'InvalidInput' });
  });
});

test('a pin above root 1 starts the chain there, and root 1 serves for display only', async () => {
  const files = seal({ roots: 4, rotate: ['root'] });
  const anchor = { kind: 'sha256', sha256: sha256(fileOf(files, '3.root.json')) } as const;
  const verification = await verifyFiles(files, { anchor });
  expect(trustedOf(verification)).toMatchObject({ root: { version: 4 }, firstRoot: { version: 1 } });
  expect(codesOf(verification)).toEqual(['FirstRootNotProven']);
  files.set('2.root.json', Buffer.from('{}'));
  const unlinked = await verifyFiles(files, { anchor });
  expect(trustedOf(unlinked).firstRoot).toBeUndefined();
  expect(codesOf(unlinked)).toEqual(['FirstRootUnlinked']);
});

test.each([[['1.root.json', '2.root.json']], [['2.root.json', '3.root.json']], [['2.root.json']]])(
  'a root given as bytes must lie in the bucket, because the server reads the bucket: not without %j',
  async (missing) => {
    const files = seal({ roots: 3, rotate: ['root'] });
    const bytes = fileOf(files, '2.root.json');
    for (const name of missing) {
      files.delete(name);
    }
    const options = { anchor: { kind: 'root', bytes }, now: REFERENCE_TIME } as const;
    const recovery = await verify(new MemorySource(files), { ...options, policy: { mode: 'recovery' } });
    expect(recovery.findings).toMatchObject([{ code: 'RootMissing', severity: 'wall', role: 'root' }]);
  },
);

test('a client needs no copy of the root it brings', async () => {
  const files = seal({ roots: 3, rotate: ['root'] });
  const bytes = fileOf(files, '2.root.json');
  files.delete('1.root.json');
  files.delete('2.root.json');
  const verification = await verify(new MemorySource(files), {
    anchor: { kind: 'root', bytes },
    now: REFERENCE_TIME,
    policy: { mode: 'strict' },
  });
  expect(trustedOf(verification).heads.root).toBe(3);
});

test('a thousand findings of a kind are listed, and how many more there are', async () => {
  const names = Array.from({ length: 1500 }, (_, i) => `role-${i}`);
  const files = seal({ delegations: names.map((name) => ({ name, keys: ['online'] })) }, (repository) => {
    for (const role of repository.delegated.values()) {
      role.signed['expires'] = '2029-12-31T00:00:00Z';
    }
  });
  const { findings } = await verifyFiles(files);
  expect(findings).toHaveLength(1000);
  expect(findings.at(-1)?.detail).toContain('And 500 more');
});

function tree(...names: readonly string[]): readonly RoleTree[] {
  return names.map((name) => ({ name }));
}

/** Answers one turn later and remembers how many requests were open at once. */
class SlowSource extends MemorySource {
  most = 0;
  #open = 0;

  override async get(name: string, options: GetOptions): Promise<Uint8Array> {
    this.most = Math.max(this.most, ++this.#open);
    await new Promise((resolve) => setImmediate(resolve));
    this.#open--;
    return super.get(name, options);
  }
}

/** Fails for one name. */
class FailingSource extends MemorySource {
  readonly #name: string;
  readonly #code: 'AccessDenied' | 'NotFound';

  constructor(files: Files, name: string, code: 'AccessDenied' | 'NotFound') {
    super(files);
    this.#name = name;
    this.#code = code;
  }

  override async get(name: string, options: GetOptions): Promise<Uint8Array> {
    if (name === this.#name) {
      throw new TerminalError(this.#code, `${name} can't be read`);
    }
    return super.get(name, options);
  }
}
