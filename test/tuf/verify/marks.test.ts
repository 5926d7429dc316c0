import { describe, expect, test } from 'vitest';
import { wereRotated } from '../../../src/tuf/roots/key-rotation.ts';
import { walkRoots } from '../../../src/tuf/roots/root-chain.ts';
import { bindingMarks } from '../../../src/tuf/verify/marks.ts';
import type { HighWaterMarks } from '../../../src/tuf/verify/verification.ts';
import type { TestKey } from '../generator/keys.ts';
import { fileOf } from '../generator/mutations/mutation.ts';
import { Repository, type RepositoryOptions, type TopLevel } from '../generator/repository.ts';
import { verificationOf } from './verification-of.ts';

/** Marks that bind, and what was found, for a repository with that history of roots. */
async function bound(
  marks: HighWaterMarks | undefined,
  options: RepositoryOptions,
  change: (repository: Repository) => void = () => {},
) {
  const repository = new Repository(options);
  change(repository);
  const run = await verificationOf(repository.seal(), marks === undefined ? {} : { marks });
  const binding = await bindingMarks(run, await walkRoots(run));
  return { binding, findings: run.findings.sorted() };
}

/** The file of a role that was trusted before, signed by these keys. */
function trustedBefore(role: 'timestamp' | 'snapshot', signers: readonly TestKey[]): Buffer {
  const repository = new Repository({ roots: 3, rotate: ['timestamp', 'snapshot'] });
  repository.file(role).signers = signers;
  return fileOf(repository.seal(), role === 'timestamp' ? 'timestamp.json' : '1.snapshot.json');
}

const high = { version: 999_999 };
const root = (version: number) => ({ root: { version } });

describe('marks of timestamp and snapshot bind until the keys of either were rotated', () => {
  test.each<[readonly TopLevel[], string | undefined]>([
    [['timestamp'], 'timestamp'],
    [['snapshot'], 'snapshot'],
    [['timestamp', 'snapshot'], 'timestamp and snapshot'],
    [['root', 'targets'], undefined],
    [[], undefined],
  ])('rotated: %j', async (rotate, named) => {
    for (const marks of [
      { ...root(1), timestamp: high, snapshot: high },
      { ...root(1), timestamp: high },
      { ...root(1), snapshot: high },
    ]) {
      const { binding, findings } = await bound(marks, { roots: 2, rotate });
      expect(binding).toStrictEqual(named === undefined ? marks : root(1));
      expect(findings.map(({ code, role }) => [code, role])).toEqual(
        named === undefined ? [] : [['MarksReset', named.split(' ')[0]]],
      );
      expect(findings[0]?.detail ?? '').toContain(named === undefined ? '' : `the keys of ${named} were`);
    }
  });

  test.each([[undefined], [{}], [root(1)]])('without any there is nothing to drop: %j', async (marks) => {
    const { binding, findings } = await bound(marks, { roots: 2, rotate: ['timestamp', 'snapshot'] });
    expect(binding).toStrictEqual(marks ?? {});
    expect(findings).toEqual([]);
  });

  // The keys of root 1, 2, 3 and 4, and from which remembered root on they changed.
  test.each<[readonly number[], readonly number[]]>([
    [[1, 1, 1, 1], []],
    [[1, 2, 2, 2], [1]],
    [
      [1, 1, 1, 2],
      [1, 2, 3],
    ],
    [
      [1, 1, 2, 2],
      [1, 2],
    ],
    [
      [1, 2, 1, 1],
      [1, 2],
    ],
  ])('roots with the timestamp keys %j: rotated since %j', async (generations, rotatedSince) => {
    for (const version of [1, 2, 3, 4]) {
      const marks = { ...root(version), timestamp: high };
      const { binding } = await bound(marks, { roots: 4, rotate: ['timestamp'] }, (repository) => {
        for (const [index, generation] of generations.entries()) {
          const { keys, roles } = new Repository({ roots: 4, rotate: ['timestamp'] }).root(generation).signed;
          Object.assign(repository.root(index + 1).signed, { keys, roles });
        }
      });
      expect(binding).toStrictEqual(rotatedSince.includes(version) ? root(version) : marks);
    }
  });
});

describe('without a remembered root of the chain, the file that was trusted before tells', () => {
  const rotate = ['timestamp', 'snapshot'] as const;
  const options = { roots: 3, rotate };
  const keys = new Repository(options);

  describe.each(['timestamp', 'snapshot'] as const)('%s', (role) => {
    const other = role === 'timestamp' ? 'snapshot' : 'timestamp';
    test.each<[string, readonly TestKey[], boolean]>([
      ['the keys of the newest root', keys.keysOf(role, 3), false],
      ['the keys of the first root', keys.keysOf(role, 1), true],
      ['the keys of a root in the middle', keys.keysOf(role, 2), true],
      ['keys of no root', [keys.key('stranger')], false],
      ['the keys of another role', keys.keysOf(other, 1), false],
      ['no key', [], false],
    ])('signed by %s', async (_, signers, rotated) => {
      const bytes = trustedBefore(role, signers);
      const marks =
        role === 'timestamp'
          ? { timestamp: high, timestampBytes: bytes }
          : { snapshot: high, snapshotBytes: bytes };
      for (const remembered of [{}, root(9)]) {
        const { binding, findings } = await bound({ ...remembered, ...marks }, options);
        expect(binding).toStrictEqual(rotated ? remembered : { ...remembered, ...marks });
        expect(findings.map((finding) => [finding.code, finding.role])).toEqual(
          rotated ? [['MarksReset', role]] : [],
        );
      }
    });
  });

  test('no file, no evidence: the mark binds', async () => {
    for (const marks of [{ timestamp: high }, { ...root(9), timestamp: high, snapshot: high }]) {
      expect(await bound(marks, options)).toStrictEqual({ binding: marks, findings: [] });
    }
  });

  test('and a remembered root weighs more than the file', async () => {
    const timestampBytes = trustedBefore('timestamp', keys.keysOf('timestamp', 1));
    const marks = { ...root(3), timestamp: high, timestampBytes };
    expect(await bound(marks, options)).toStrictEqual({ binding: marks, findings: [] });
  });

  test.each(['timestamp', 'snapshot'] as const)('a damaged %s is named as what it is', async (role) => {
    const marks = { [role]: high, [`${role}Bytes`]: Buffer.from('{') };
    await expect(bound(marks, options)).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringContaining(`The remembered ${role} is damaged`),
    });
  });
});

describe('keys were rotated when the set of public keys is another one', () => {
  const options = { roots: 2, keysPerRole: 2 };

  /** Whether the timestamp keys of root 2 count as rotated, after `change` to its metadata. */
  async function rotatedBy(change: (role: { keyids: string[]; threshold: number }, keys: Keys) => void) {
    const repository = new Repository(options);
    const { roles, keys } = repository.root(2).signed as { roles: { timestamp: Role }; keys: Keys };
    change(roles.timestamp, keys);
    const run = await verificationOf(repository.seal());
    const [older, newer] = (await walkRoots(run)).trusted;
    return older && newer && wereRotated(run.ring, older, newer, 'timestamp');
  }

  type Role = { keyids: string[]; threshold: number };
  type Keys = Record<string, object>;

  test.each<[string, boolean, (role: Role, keys: Keys) => void]>([
    ['nothing changed', false, () => {}],
    ['the order changed', false, (role) => role.keyids.reverse()],
    ['the threshold changed', false, (role) => Object.assign(role, { threshold: 2 })],
    ['a key has another id', false, (role, keys) => rename(role, keys, 'renamed')],
    [
      'a key is listed under a second id',
      false,
      (role, keys) => {
        keys['again'] = { ...keys[role.keyids[0] ?? ''] };
        role.keyids.push('again');
      },
    ],
    ['a key is gone', true, (role) => role.keyids.pop()],
    ['a key was added', true, (role, keys) => role.keyids.push(Object.keys(keys)[0] ?? '')],
    ['an id without a key was added', true, (role) => role.keyids.push('unlisted')],
    [
      'a key that cannot be read was added',
      true,
      (role, keys) => {
        keys['odd'] = { keytype: 'odd', scheme: 'odd', keyval: { public: 'odd' } };
        role.keyids.push('odd');
      },
    ],
  ])('%s: %s', async (_, rotated, change) => {
    expect(await rotatedBy(change)).toBe(rotated);
  });

  function rename(role: Role, keys: Keys, id: string): void {
    const [first = '', ...others] = role.keyids;
    keys[id] = { ...keys[first] };
    role.keyids = [id, ...others];
  }
});
