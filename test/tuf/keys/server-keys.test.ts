import { describe, expect, test } from 'vitest';
import type { Key } from '../../../src/tuf/keys/key.ts';
import { KeyRing } from '../../../src/tuf/keys/keyring.ts';
import { serverSignatureRefusal } from '../../../src/tuf/keys/server-keys.ts';
import type { Envelope } from '../../../src/tuf/metadata/envelope.ts';
import { parseExpires } from '../../../src/tuf/metadata/expires.ts';
import { type KeyKind, testKey } from '../generator/keys.ts';

const MESSAGE = Buffer.from('what was signed');

/** A key of that kind, under a name of its own; `changes` to how it is listed. */
function keyOf(name: string, kind: KeyKind = 'ed25519', changes: Partial<Key> = {}): Key {
  const { keytype, scheme, keyval } = testKey(name, kind).metadata;
  return { keyid: name, keytype, scheme, public: keyval.public, idMatches: false, ...changes };
}

type Signature = readonly [name: string, kind: KeyKind, how?: 'valid' | 'broken' | 'empty'];

/** Why the server would not verify a file with these signatures; `role` lists keys that `keys` may lack. */
function refusal(
  keys: readonly Key[],
  signatures: readonly Signature[],
  threshold = 1,
  keyids: readonly string[] = keys.map(({ keyid }) => keyid),
): Promise<string | undefined> {
  const envelope: Envelope = {
    type: 'targets',
    version: 1,
    expires: parseExpires('2030-01-01T00:00:00Z'),
    signatures: signatures.map(([keyid, kind, how = 'valid']) => ({
      keyid,
      sig:
        how === 'empty'
          ? undefined
          : testKey(keyid, kind).sign(how === 'valid' ? MESSAGE : Buffer.from('something else')),
      isHex: true,
    })),
    canonical: MESSAGE,
    sha256: '',
    size: MESSAGE.length,
  };
  const signers = { role: { keyids, threshold }, keys: new Map(keys.map((key) => [key.keyid, key])) };
  return serverSignatureRefusal(envelope, signers, new KeyRing());
}

const unreadable = (keytype: string, scheme: string) =>
  `it can't read a key of the role (${keytype}, ${scheme})`;
const readable = (count: number) => `of the signatures needed it can verify ${count},`;

describe('by its type, the server', () => {
  test.each<KeyKind>(['ed25519', 'p256', 'p384', 'rsa-sha256'])('verifies with %s', async (kind) => {
    expect(await refusal([keyOf('a', kind)], [['a', kind]])).toBeUndefined();
  });

  test('reads ed25519 keys of 64 hex digits, in either case', async () => {
    const { public: hex = '' } = keyOf('a');
    expect(await refusal([keyOf('a', 'ed25519', { public: hex.toUpperCase() })], [])).toBeUndefined();
    for (const material of [hex.slice(1), `0${hex}`, `${hex}0`, `g${hex.slice(1)}`, `${hex}\n `, undefined]) {
      expect(await refusal([keyOf('a', 'ed25519', { public: material })], [])).toBe(
        unreadable('ed25519', 'ed25519'),
      );
    }
  });

  test.each<KeyKind>(['ed25519-pem', 'p256-hex', 'p384-hex'])('gives up on a role with %s', async (kind) => {
    const { keytype, scheme } = keyOf('a', kind);
    expect(await refusal([keyOf('a', kind)], [['a', kind]])).toBe(unreadable(keytype, scheme));
  });

  test.each<[string, KeyKind, Partial<Key>]>([
    ['ECDSA under the name of its curve', 'p256', { keytype: 'ecdsa-sha2-nistp256' }],
    ['PEM after white space', 'p256', { public: `\n ${keyOf('a', 'p256').public}` }],
    ['RSA after white space', 'rsa-sha256', { public: ` ${keyOf('a', 'rsa-sha256').public}` }],
  ])('verifies with %s', async (_, kind, changes) => {
    expect(await refusal([keyOf('a', kind, changes)], [['a', kind]])).toBeUndefined();
  });

  test.each<[string, KeyKind, Partial<Key>]>([
    ['ECDSA under the name of P-384', 'p384', { keytype: 'ecdsa-sha2-nistp384' }],
    ['a type it does not know', 'ed25519', { keytype: 'ml-dsa' }],
    ['ECDSA without a key', 'p256', { public: undefined }],
    ['ECDSA with text before the PEM', 'p256', { public: `x${keyOf('a', 'p256').public}` }],
    ['RSA without a key', 'rsa-sha256', { public: undefined }],
    ['RSA of another form', 'rsa-sha384', { public: 'ff' }],
  ])('gives up on a role with %s', async (_, kind, changes) => {
    const key = keyOf('a', kind, changes);
    // Also when another key meets the threshold.
    expect(await refusal([keyOf('b'), key], [['b', 'ed25519']])).toBe(unreadable(key.keytype, key.scheme));
  });

  test('gives up on a role with a key id that is not among the keys', async () => {
    expect(await refusal([keyOf('a')], [['a', 'ed25519']], 1, ['a', 'unlisted'])).toBe(
      'a key id of the role is not among the keys',
    );
  });
});

describe('it takes every RSA key for PSS with SHA-256', () => {
  const rsa = keyOf('rsa', 'rsa-sha512');
  const signed: Signature = ['rsa', 'rsa-sha512'];

  test.each<[string, readonly Key[], readonly Signature[], number, number | undefined]>([
    ['alone', [rsa], [signed], 1, 0],
    ['and without a signature', [rsa], [], 1, 0],
    ['beside a key that meets the threshold', [rsa, keyOf('a')], [signed, ['a', 'ed25519']], 1, undefined],
    ['beside one that is too few', [rsa, keyOf('a')], [signed, ['a', 'ed25519']], 2, 1],
    [
      'beside two',
      [rsa, keyOf('a'), keyOf('b')],
      [
        ['b', 'ed25519'],
        ['a', 'ed25519'],
      ],
      2,
      undefined,
    ],
    ['beside a broken signature', [rsa, keyOf('a')], [['a', 'ed25519', 'broken']], 1, 0],
    ['beside an empty signature', [rsa, keyOf('a')], [['a', 'ed25519', 'empty']], 1, 0],
    ['beside a signature of no key of the role', [rsa, keyOf('a')], [['b', 'ed25519']], 1, 0],
  ])('%s', async (_, keys, signatures, threshold, verifiable) => {
    const why = await refusal(keys, signatures, threshold);
    expect(why?.slice(0, readable(0).length)).toBe(
      verifiable === undefined ? undefined : readable(verifiable),
    );
  });

  test('a key that it can read and that is none here verifies nothing', async () => {
    const broken = keyOf('a', 'ed25519', { public: 'f'.repeat(64), scheme: 'odd' });
    expect(await refusal([rsa, broken], [['a', 'ed25519']])).toContain(readable(0));
  });
});

test('when it verifies with every key of the role, what is signed is no longer asked', async () => {
  expect(await refusal([keyOf('a'), keyOf('b', 'p256')], [], 2)).toBeUndefined();
});
