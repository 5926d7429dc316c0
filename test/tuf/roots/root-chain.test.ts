import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/tuf/metadata/limits.ts';
import { walkRoots } from '../../../src/tuf/roots/root-chain.ts';
import type { TrustAnchor, VerifyOptions } from '../../../src/tuf/verify/verification.ts';
import { recordOf } from '../fault-of.ts';
import { fileOf, sha256 } from '../generator/mutations/mutation.ts';
import { Repository, type RepositoryOptions } from '../generator/repository.ts';
import { verificationOf } from '../verify/verification-of.ts';

const ROTATED = { roots: 4, rotate: ['root'] } as const;

type Files = Map<string, Buffer>;
type Pin = (files: Files) => TrustAnchor;

const pinned =
  (version: number): Pin =>
  (files) => ({ kind: 'sha256', sha256: sha256(fileOf(files, `${version}.root.json`)) });
const given =
  (version: number): Pin =>
  (files) => ({ kind: 'root', bytes: fileOf(files, `${version}.root.json`) });
const firstUse: Pin = () => ({ kind: 'first-use' });

interface Case {
  readonly options?: RepositoryOptions;
  /** Changes the repository before it is signed. */
  readonly change?: (repository: Repository) => void;
  readonly pin?: Pin;
  /** Changes the bucket once the pin was taken. */
  readonly edit?: (files: Files) => void;
  readonly verify?: Partial<VerifyOptions>;
}

/** Versions that are trusted, root 1 if it is linked, and what was found; or the fault. */
async function walked({ options = ROTATED, change, pin = pinned(1), edit, verify }: Case = {}) {
  const repository = new Repository(options);
  change?.(repository);
  const files = repository.seal();
  const anchor = pin(files);
  edit?.(files);
  const run = await verificationOf(files, { anchor, ...verify });
  try {
    const { head, first, trusted } = await walkRoots(run);
    expect(trusted.at(-1)).toBe(head);
    expect(trusted.every(({ envelope }) => envelope.canonical.length === 0)).toBe(true);
    return {
      trusted: trusted.map(({ envelope }) => envelope.version),
      first: first?.envelope.sha256 === sha256(files.get('1.root.json') ?? Buffer.of()),
      found: run.findings.sorted().map(({ code, version }) => [code, version]),
    };
  } catch (error) {
    const { code, message } = recordOf(error);
    return { code, message };
  }
}

const strict = { policy: { mode: 'strict' } } as const;

describe('the chain starts at the anchor and ends at the newest root', () => {
  test.each<[string, Pin, readonly number[], readonly string[]]>([
    ['root 1 is pinned', pinned(1), [1, 2, 3, 4], []],
    ['root 2 is pinned', pinned(2), [2, 3, 4], ['FirstRootNotProven']],
    ['root 4 is pinned', pinned(4), [4], ['FirstRootNotProven']],
    ['root 1 is given', given(1), [1, 2, 3, 4], []],
    ['root 3 is given', given(3), [3, 4], ['FirstRootNotProven']],
    ['root 4 is given', given(4), [4], ['FirstRootNotProven']],
    ['none is pinned', firstUse, [1, 2, 3, 4], ['RootTrustedOnFirstUse']],
  ])('%s', async (_, pin, trusted, codes) => {
    for (const options of [ROTATED, { roots: 4 }]) {
      expect(await walked({ options, pin })).toEqual({
        trusted,
        first: true,
        found: codes.map((code) => [code, 1]),
      });
    }
  });

  test('on first use that is the lowest listed root, and root 1 is none of its own then', async () => {
    expect(await walked({ pin: firstUse, edit: (files) => files.delete('1.root.json') })).toEqual({
      trusted: [2, 3, 4],
      first: false,
      found: [
        ['FirstRootUnlinked', 1],
        ['RootTrustedOnFirstUse', 2],
      ],
    });
  });

  test.each([undefined, 1, 2])('with %s files at once', async (concurrency) => {
    const verify = concurrency === undefined ? {} : { concurrency };
    expect(await walked({ verify })).toMatchObject({ trusted: [1, 2, 3, 4] });
  });
});

describe('root 1 is linked to the anchor by every root between them', () => {
  const pin = pinned(4);
  const unlinked = { trusted: [4], first: false, found: [['FirstRootUnlinked', 1]] };
  const stranger = new Repository({ ...ROTATED, seed: 'stranger' }).seal();

  test.each<[string, Case]>([
    ['root 1 is gone', { edit: (files) => files.delete('1.root.json') }],
    ['a root between is gone', { edit: (files) => files.delete('2.root.json') }],
    ['the root before the anchor is gone', { edit: (files) => files.delete('3.root.json') }],
    ['a root between is no root', { edit: (files) => files.set('2.root.json', Buffer.from('{}')) }],
    ['a root between is wrapped', { edit: (files) => wrap(files, 2) }],
    ["a root between is a stranger's", { edit: (files) => plant(files, 2) }],
    ["root 1 is a stranger's", { edit: (files) => plant(files, 1) }],
    ['the root before the anchor is a stranger', { edit: (files) => plant(files, 3) }],
    ['a root between is a copy of another', { edit: (files) => copy(files, 3, 2) }],
    [
      'a root between lacks the signature of the one before it',
      { change: (repository) => signWithOwnKeysOnly(repository, 3) },
    ],
    ['the anchor lacks it', { change: (repository) => signWithOwnKeysOnly(repository, 4) }],
  ])('not when %s', async (_, bucket) => {
    expect(await walked({ pin, ...bucket })).toEqual(unlinked);
  });

  test.each(['2.root.json', '3.root.json'])('not without %s, also when no key changed', async (name) => {
    const edit = (files: Files) => files.delete(name);
    expect(await walked({ options: { roots: 4 }, pin, edit })).toEqual(unlinked);
  });

  function plant(files: Files, version: number): void {
    files.set(`${version}.root.json`, fileOf(stranger, `${version}.root.json`));
  }
});

function wrap(files: Files, version: number): void {
  files.set(`${version}.root.json`, gzipSync(fileOf(files, `${version}.root.json`)));
}

function copy(files: Files, from: number, to: number): void {
  files.set(`${to}.root.json`, fileOf(files, `${from}.root.json`));
}

function signWithOwnKeysOnly(repository: Repository, version: number): void {
  repository.root(version).signers = repository.keysOf('root', version);
}

describe('the walk ends with the fault of a root that the chain needs', () => {
  test.each<[string, string, Case]>([
    ['PinnedRootNotFound', 'none of the 4 listed roots', { pin: () => ({ kind: 'sha256', sha256: 'x' }) }],
    ['StoredEncoded', '1.root.json', { edit: (files) => wrap(files, 1) }],
    ['StoredEncoded', '3.root.json', { edit: (files) => wrap(files, 3) }],
    ['StoredEncoded', '2.root.json', { pin: given(2), edit: (files) => wrap(files, 2) }],
    ['PinnedRootDiffers', '2.root.json', { pin: given(2), edit: (files) => copy(files, 1, 2) }],
    ['RootMissing', '2.root.json', { pin: given(2), edit: (files) => files.delete('2.root.json') }],
    ['RootMissing', 'no root file', { pin: given(2), edit: (files) => files.clear() }],
    ['RootMissing', 'no root file', { pin: pinned(2), edit: (files) => files.clear() }],
    ['RootMissing', 'no root file', { pin: firstUse, edit: (files) => files.clear() }],
    ['RootGap', '2.root.json', { edit: (files) => files.delete('2.root.json') }],
    ['RootVersionMismatch', '3.root.json', { edit: (files) => copy(files, 2, 3) }],
    ['RootNotSigned', '0 of the 1', { change: (repository) => signWithOwnKeysOnly(repository, 3) }],
    [
      'RootNotSigned',
      '0 of the 1',
      {
        change: (repository) => {
          repository.root(3).signers = repository.keysOf('root', 2);
        },
      },
    ],
    [
      'PinnedRootInvalid',
      '0 of the 1',
      {
        pin: pinned(2),
        change: (repository) => {
          repository.root(2).signers = repository.keysOf('root', 1);
        },
      },
    ],
  ])('%s: %s', async (code, part, bucket) => {
    const fault = await walked(bucket);
    expect(fault).toMatchObject({ code, message: expect.stringContaining(part) });
  });

  test('the first of two wrapped roots is named', async () => {
    const fault = await walked({
      pin: () => ({ kind: 'sha256', sha256: 'x' }),
      edit: (files) => {
        wrap(files, 2);
        wrap(files, 3);
      },
    });
    expect(fault).toMatchObject({ code: 'StoredEncoded', message: expect.stringContaining('2.root.json') });
  });
});

describe('a client', () => {
  test('ends its walk at a gap, which it cannot see beyond', async () => {
    expect(await walked({ verify: strict, edit: (files) => files.delete('3.root.json') })).toMatchObject({
      trusted: [1, 2],
      found: [['RootGap', 4]],
    });
  });

  test.each([2, 4])('needs no copy of root %i when it brings that root', async (version) => {
    const edit = (files: Files) => {
      for (let older = version; older >= 1; older--) {
        files.delete(`${older}.root.json`);
      }
    };
    const { trusted } = (await walked({ verify: strict, pin: given(version), edit })) as {
      trusted: number[];
    };
    expect(trusted).toEqual([2, 3, 4].filter((listed) => listed >= version));
  });

  test('does not see a root that only the server reads', async () => {
    const edit = (files: Files) => files.set('04.root.json', Buffer.from('{}'));
    expect(await walked({ verify: strict, edit })).toMatchObject({
      trusted: [1, 2, 3, 4],
      found: [['RootMisnamed', 4]],
    });
    expect(await walked({ edit })).toMatchObject({
      code: 'RootMisnamed',
      message: 'the server reads "04.root.json" as version 4 of root',
    });
  });
});

test('a misnamed root below the newest is read by none', async () => {
  for (const verify of [{}, strict]) {
    expect(await walked({ verify, edit: (files) => files.set('03.root.json', Buffer.from('{}')) })).toEqual({
      trusted: [1, 2, 3, 4],
      first: true,
      found: [],
    });
  }
});

test.each<[string, Pin, number]>([
  ['as the end of the chain', pinned(1), 4],
  ['as the anchor', pinned(4), 4],
])('what the server cannot verify is said of the newest root alone: %s', async (_, pin, version) => {
  const { found } = (await walked({ options: { ...ROTATED, keyKinds: ['p384-hex'] }, pin })) as {
    found: unknown[][];
  };
  expect(found.filter(([code]) => code === 'ServerWouldRefuse')).toEqual([['ServerWouldRefuse', version]]);
});

test('as many roots as the limit are read, and no more', async () => {
  const upTo = (count: number) => (files: Files) => {
    for (let version = 5; version <= count; version++) {
      files.set(`${version}.root.json`, Buffer.from('{}'));
    }
  };
  expect(await walked({ edit: upTo(LIMITS.roots + 1) })).toMatchObject({
    code: 'TooManyRoots',
    message: expect.stringContaining(`${LIMITS.roots + 1} roots of `),
  });
  expect(await walked({ edit: upTo(LIMITS.roots) })).not.toMatchObject({ code: 'TooManyRoots' });
});

test('as many bytes of roots as the limit are read, and no more', async () => {
  const filled = (more: number) => (files: Files) => {
    const held = [...files].reduce(
      (sum, [name, { length }]) => sum + (name.endsWith('.root.json') ? length : 0),
      0,
    );
    files.set('5.root.json', Buffer.alloc(LIMITS.allRootsBytes - held + more, 0x20));
  };
  expect(await walked({ edit: filled(1) })).toMatchObject({ code: 'TooManyRoots' });
  expect(await walked({ edit: filled(0) })).toMatchObject({ code: 'FileTooLarge' });
});
