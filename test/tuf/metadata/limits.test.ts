import { describe, expect, test } from 'vitest';
import { parsePublicKey } from '../../../src/tuf/keys/key.ts';
import { parseKeys, parseRoleKeys } from '../../../src/tuf/keys/role-keys.ts';
import { type OpenedFile, openFile } from '../../../src/tuf/metadata/envelope.ts';
import { LIMITS } from '../../../src/tuf/metadata/limits.ts';
import { parseLink } from '../../../src/tuf/metadata/link.ts';
import type { MetadataType } from '../../../src/tuf/metadata/metadata-type.ts';
import { parseRoot } from '../../../src/tuf/metadata/root.ts';
import { parseSnapshot } from '../../../src/tuf/metadata/snapshot.ts';
import { parseSuccinctRoles } from '../../../src/tuf/metadata/succinct.ts';
import { parseTargets } from '../../../src/tuf/metadata/targets.ts';
import { parseTimestamp } from '../../../src/tuf/metadata/timestamp.ts';
import { faultOf } from '../fault-of.ts';
import { testKey } from '../generator/keys.ts';

const KEY = testKey('limits').metadata;
const ROLE = { keyids: ['a'], threshold: 1 };

/** The code of the fault, or `read`. */
const outcomeOf = (read: () => unknown): string => faultOf(read)?.code ?? 'read';

const characters = (count: number): string => 'x'.repeat(count);
const names = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `n${i}`);
const members = (count: number, value: unknown): object =>
  Object.fromEntries(names(count).map((name) => [name, value]));

/** A file of that type with these members of `signed`, and whatever every type has. */
function opened(type: MetadataType, body: object, signatures: readonly object[] = []): OpenedFile {
  const common = { _type: type, spec_version: '1.0.31', version: 1, expires: '2030-01-01T00:00:00Z' };
  const text = JSON.stringify({ signatures, signed: { ...common, ...body } });
  return openFile(Buffer.from(text), type, 'unambiguous');
}

const delegating = (roles: readonly unknown[], keys: object = {}): unknown =>
  parseTargets(opened('targets', { targets: {}, delegations: { keys, roles } }));
const delegated = (changes: object): unknown =>
  delegating([{ name: 'a', terminating: true, paths: [], ...ROLE, ...changes }]);
const succinct = (changes: object): unknown =>
  parseSuccinctRoles({ ...ROLE, bit_length: 2, name_prefix: 'bin', ...changes }, 'delegations');

describe('as much as the limit allows is read, and one more is refused', () => {
  test.each<[string, number, (count: number) => unknown]>([
    ['keys of a role', LIMITS.keysPerRole, (n) => parseRoleKeys({ keyids: names(n), threshold: 1 }, 'role')],
    [
      'characters of a key id of a role',
      LIMITS.keyidCharacters,
      (n) => parseRoleKeys({ keyids: [characters(n)], threshold: 1 }, 'role'),
    ],
    [
      'characters of a key id of a file',
      LIMITS.keyidCharacters,
      (n) => parseKeys({ [characters(n)]: KEY }, 'keys'),
    ],
    [
      'characters of a key type',
      LIMITS.keyidCharacters,
      (n) => parsePublicKey('a', { ...KEY, keytype: characters(n) }, 'key'),
    ],
    [
      'characters of a scheme',
      LIMITS.keyidCharacters,
      (n) => parsePublicKey('a', { ...KEY, scheme: characters(n) }, 'key'),
    ],
    [
      'signatures',
      LIMITS.signatures,
      (n) =>
        opened(
          'targets',
          {},
          names(n).map((keyid) => ({ keyid, sig: 'ab' })),
        ),
    ],
    [
      'characters of the key id of a signature',
      LIMITS.keyidCharacters,
      (n) => opened('targets', {}, [{ keyid: characters(n), sig: 'ab' }]),
    ],
    [
      'characters of a signature',
      LIMITS.signatureCharacters,
      (n) => opened('targets', {}, [{ keyid: 'a', sig: characters(n) }]),
    ],
    ['digests of a link', LIMITS.digests, (n) => parseLink({ version: 1, hashes: members(n, 'ab') }, 'link')],
    [
      'characters of an algorithm',
      LIMITS.digestCharacters,
      (n) => parseLink({ version: 1, hashes: { [characters(n)]: 'ab' } }, 'link'),
    ],
    [
      'characters of a digest',
      LIMITS.digestCharacters,
      (n) => parseLink({ version: 1, hashes: { sha256: characters(n) } }, 'link'),
    ],
    [
      'characters of a name in a snapshot',
      LIMITS.roleNameCharacters,
      (n) => parseSnapshot(opened('snapshot', { meta: { [`${characters(n)}.json`]: { version: 1 } } })),
    ],
    ['characters of a role name', LIMITS.roleNameCharacters, (n) => delegated({ name: characters(n) })],
    [
      'paths and prefixes',
      LIMITS.paths,
      (n) =>
        delegated({
          paths: Array(LIMITS.paths / 2).fill('p'),
          path_hash_prefixes: Array(n - LIMITS.paths / 2).fill('p'),
        }),
    ],
    ['characters of a path', LIMITS.pathCharacters, (n) => delegated({ paths: [characters(n)] })],
    [
      'characters of a hash prefix',
      LIMITS.pathCharacters,
      (n) => delegated({ path_hash_prefixes: [characters(n)] }),
    ],
    [
      'characters of the prefix of bins',
      LIMITS.roleNameCharacters,
      (n) => succinct({ name_prefix: characters(n) }),
    ],
  ])('%s: %i', (_, limit, read) => {
    expect(outcomeOf(() => read(limit))).toBe('read');
    expect(outcomeOf(() => read(limit + 1))).toBe('LimitExceeded');
  });

  // The first of them that is no object says that they are read; parsing them all would take seconds.
  test.each<[string, number, (count: number) => unknown]>([
    ['keys of a file', LIMITS.keys, (n) => parseKeys(members(n, 1), 'keys')],
    [
      'roles of a snapshot, targets aside',
      LIMITS.roles,
      (n) => parseSnapshot(opened('snapshot', { meta: members(n + 1, 1) })),
    ],
    ['delegated roles', LIMITS.roles, (n) => delegating(Array(n).fill('no object'))],
  ])('%s: %i', (_, limit, read) => {
    expect(outcomeOf(() => read(limit))).toBe('InvalidMetadata');
    expect(outcomeOf(() => read(limit + 1))).toBe('LimitExceeded');
  });

  test('a public key of more characters than are read contributes nothing', () => {
    const read = (count: number) =>
      parsePublicKey('a', { ...KEY, keyval: { public: characters(count) } }, 'key').public?.length;
    expect(read(LIMITS.keyCharacters)).toBe(LIMITS.keyCharacters);
    expect(read(LIMITS.keyCharacters + 1)).toBeUndefined();
  });

  test.each([
    [0, 'InvalidMetadata'],
    [1, 'read'],
    [16, 'read'],
    [17, 'LimitExceeded'],
    [32, 'LimitExceeded'],
    [33, 'InvalidMetadata'],
  ])('bins of %i bits: %s', (bits, outcome) => {
    expect(outcomeOf(() => succinct({ bit_length: bits }))).toBe(outcome);
  });
});

describe('a threshold is an integer of at least 1', () => {
  test.each([[0], [-1], [0.5], [1.5], ['1'], [null], [undefined], [2 ** 53], [1n]])(
    '%s is none',
    (threshold) => {
      expect(outcomeOf(() => parseRoleKeys({ keyids: ['a'], threshold }, 'role'))).toBe('InvalidThreshold');
    },
  );

  test.each([1, 2, Number.MAX_SAFE_INTEGER])('%i is one', (threshold) => {
    expect(parseRoleKeys({ keyids: ['a', 'b'], threshold }, 'role')).toEqual({
      keyids: ['a', 'b'],
      threshold,
    });
  });

  test('no key id of a role counts twice', () => {
    expect(outcomeOf(() => parseRoleKeys({ keyids: ['a', 'b', 'a'], threshold: 1 }, 'role'))).toBe(
      'InvalidThreshold',
    );
  });
});

describe('a key is read as it is listed', () => {
  test.each(['constructor', 'toString', '__proto__'])('under the id %s', (keyid) => {
    const keys = parseKeys(JSON.parse(`{ ${JSON.stringify(keyid)}: ${JSON.stringify(KEY)} }`), 'keys');
    expect([...keys]).toEqual([
      [
        keyid,
        { keyid, keytype: KEY.keytype, scheme: KEY.scheme, public: KEY.keyval.public, idMatches: false },
      ],
    ]);
  });

  test('its id matches when it is the sha256 of the key, with all of its members', () => {
    const { keyid } = testKey('limits');
    expect(parsePublicKey(keyid, KEY, 'key').idMatches).toBe(true);
    expect(parsePublicKey(keyid.toUpperCase(), KEY, 'key').idMatches).toBe(false);
    expect(parsePublicKey(keyid, { ...KEY, 'x-online': true }, 'key').idMatches).toBe(false);
  });

  test('what keeps its public key elsewhere has none', () => {
    expect(parsePublicKey('a', { ...KEY, keyval: { certificate: 'x' } }, 'key').public).toBeUndefined();
    expect(parsePublicKey('a', { ...KEY, keyval: { public: 5 } }, 'key').public).toBeUndefined();
  });

  test.each([
    ['no object', 'text'],
    ['without keyval', { keytype: 'a', scheme: 'b' }],
    ['without a type', { scheme: 'b', keyval: {} }],
    ['without a scheme', { keytype: 'a', keyval: {} }],
    ['with the members of a prototype', Object.create(KEY)],
  ])('one that is %s is no key', (_, value) => {
    expect(outcomeOf(() => parsePublicKey('a', value, 'key'))).toBe('InvalidMetadata');
  });
});

describe('what a file must hold', () => {
  const roles = { root: ROLE, targets: ROLE, snapshot: ROLE, timestamp: ROLE };

  test.each(['root', 'targets', 'snapshot', 'timestamp'] as const)('a root names the role %s', (role) => {
    const own = { keyids: [role], threshold: 3 };
    const read = (changed: object) =>
      parseRoot(opened('root', { keys: {}, roles: { ...roles, ...changed } }));
    expect(read({ [role]: own }).roles).toEqual({ ...roles, [role]: own });
    expect(outcomeOf(() => read({ [role]: undefined }))).toBe('InvalidMetadata');
  });

  test.each([
    [true, true],
    [false, false],
    [undefined, undefined],
    ['true', undefined],
    [1, undefined],
  ])('consistent_snapshot %j of a root is read as %j', (consistent_snapshot, expected) => {
    const root = parseRoot(opened('root', { keys: {}, roles, consistent_snapshot }));
    expect(root.consistentSnapshot).toBe(expected);
  });

  test.each([
    ['nothing', {}],
    ['another file', { 'snapshot.json': { version: 1 }, 'targets.json': { version: 1 } }],
    ['only another file', { 'targets.json': { version: 1 } }],
  ])('a timestamp that names %s is refused', (_, meta) => {
    expect(outcomeOf(() => parseTimestamp(opened('timestamp', { meta })))).toBe('TimestampMetaInvalid');
  });

  test('a name without .json in a snapshot is checked for form and is no role', () => {
    const read = (meta: object) => parseSnapshot(opened('snapshot', { meta }));
    expect([
      ...read({ 'a.json': { version: 1 }, b: { version: 2 }, '.json': { version: 3 } }).roles.keys(),
    ]).toEqual(['a', '']);
    expect(outcomeOf(() => read({ b: { version: 0 } }))).toBe('InvalidMetadata');
  });

  test.each([
    ['the name of a top-level role', { name: 'targets' }, 'ReservedRoleName'],
    ['an empty name', { name: '' }, 'InvalidMetadata'],
    ['no name', { name: undefined }, 'InvalidMetadata'],
    ['paths that are no texts', { paths: [1] }, 'InvalidMetadata'],
    ['prefixes that are no list', { path_hash_prefixes: 'ab' }, 'InvalidMetadata'],
  ])('a delegation with %s is refused', (_, changes, code) => {
    expect(outcomeOf(() => delegated(changes))).toBe(code);
  });

  test('no role is delegated twice in a file, and roles are listed or bins, not both and not neither', () => {
    const delegations = (value: object) =>
      outcomeOf(() => parseTargets(opened('targets', { targets: {}, delegations: { keys: {}, ...value } })));
    const bins = { ...ROLE, bit_length: 1, name_prefix: 'bin' };
    const role = { name: 'a', ...ROLE };
    expect(delegations({ roles: [role, role] })).toBe('DuplicateRole');
    expect(delegations({ roles: [], succinct_roles: bins })).toBe('MixedDelegations');
    expect(delegations({})).toBe('MixedDelegations');
    expect(delegations({ roles: [] })).toBe('read');
    expect(delegations({ succinct_roles: bins })).toBe('read');
  });

  test.each([
    [{ terminating: true, paths: [] }, true],
    [{ terminating: false, path_hash_prefixes: [] }, true],
    [{ terminating: true }, true],
    [{ paths: [] }, false],
    [{ terminating: 'true', paths: [] }, false],
    [{ terminating: true, paths: null }, false],
    [{ terminating: true, path_hash_prefixes: null }, false],
    [{ terminating: true, paths: [], path_hash_prefixes: [] }, false],
  ])('the server writes a delegation with %j as it read it: %j', (changes, roundTrips) => {
    const file = opened('targets', {
      targets: {},
      delegations: { keys: {}, roles: [{ name: 'a', ...ROLE, ...changes }] },
    });
    expect(parseTargets(file).delegations?.roles[0]?.roundTrips).toBe(roundTrips);
  });
});
