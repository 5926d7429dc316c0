import { describe, expect, test } from 'vitest';
import { FindingList } from '../../../src/tuf/findings/finding-list.ts';
import type { Key } from '../../../src/tuf/keys/key.ts';
import { reviewKeys } from '../../../src/tuf/keys/key-review.ts';

type Listed = readonly [keyid: string, material: string | undefined, idMatches?: boolean];

/** Code, subject and detail of what is found about these keys, of roles that list these ids. */
function found(keys: readonly Listed[], ...roles: readonly (readonly string[])[]) {
  const findings = new FindingList({ mode: 'recovery' });
  const listed = new Map(
    keys.map(([keyid, material, idMatches = true]): [string, Key] => [
      keyid,
      { keyid, keytype: 'ed25519', scheme: 'ed25519', public: material, idMatches },
    ]),
  );
  reviewKeys(
    findings,
    'targets',
    7,
    listed,
    roles.map((keyids) => ({ keyids, threshold: 1 })),
  );
  return findings.sorted().map(({ code, role, version, detail }) => {
    expect([role, version]).toEqual(['targets', 7]);
    return `${code}: ${detail.split('. ', 1)[0]}`;
  });
}

describe('ids that are not the digest of their key', () => {
  const wrong = (...ids: readonly string[]) => ids.map((id): Listed => [id, id, false]);
  const right: Listed = ['right', 'r'];

  test.each<[readonly Listed[], readonly string[]]>([
    [[], []],
    [[right], []],
    [[right, ...wrong('a')], ['1 of 2 key ids are not the sha256 of their key: a']],
    [wrong('a', 'b', 'c'), ['3 of 3 key ids are not the sha256 of their key: a, b, c']],
    [wrong('a', 'b', 'c', 'd'), ['4 of 4 key ids are not the sha256 of their key: a, b, c and 1 more']],
    [wrong('a', 'b', 'c', 'd', 'e'), ['5 of 5 key ids are not the sha256 of their key: a, b, c and 2 more']],
    [wrong('x'.repeat(30)), [`1 of 1 key ids are not the sha256 of their key: ${'x'.repeat(24)}…`]],
  ])('%j', (keys, details) => {
    expect(found(keys)).toEqual(details.map((detail) => `KeyIDMismatch: ${detail}`));
  });
});

describe('one public key under several ids of a role', () => {
  const keys: readonly Listed[] = [
    ['a', 'A'],
    ['again', 'A'],
    ['spaced', ' A\n'],
    ['b', 'B'],
    ['elsewhere', undefined],
    ['elsewhere too', undefined],
  ];

  test.each<[string, readonly (readonly string[])[], string | undefined]>([
    ['different keys', [['a', 'b']], undefined],
    ['in two roles', [['a'], ['again']], undefined],
    ['in one role', [['b'], ['a', 'again']], 'again'],
    ['with white space around it', [['a', 'spaced']], 'spaced'],
    ['three times', [['a', 'again', 'spaced']], 'again, spaced'],
    [
      'in each of two roles',
      [
        ['a', 'again'],
        ['again', 'a'],
      ],
      'again, a',
    ],
    ['keys that keep it elsewhere', [['elsewhere', 'elsewhere too']], undefined],
    ['ids that are not among the keys', [['unlisted', 'unlisted too']], undefined],
  ])('%s', (_, roles, ids) => {
    expect(found(keys, ...roles)).toEqual(
      ids === undefined
        ? []
        : [`KeyListedTwice: the public key of ${ids} is listed under another id of the same role as well`],
    );
  });
});
