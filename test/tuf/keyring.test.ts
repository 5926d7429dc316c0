import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Key } from '../../src/tuf/keys/key.ts';
import { KeyRing } from '../../src/tuf/keys/keyring.ts';
import { KEY_KINDS, type KeyKind, type TestKey, testKey } from './generator/keys.ts';

const MESSAGE = Buffer.from('what was signed');

/** A key as metadata lists it, with some fields replaced. */
function listed({ keyid, metadata }: TestKey, changes: Partial<Key> = {}): Key {
  const { keytype, scheme, keyval } = metadata;
  return { keyid, keytype, scheme, public: keyval.public, idMatches: true, ...changes };
}

function pemOf(type: 'rsa' | 'ed25519', options: object): { publicPEM: string; privatePEM: string } {
  // The overloads of generateKeyPairSync are per literal type; both take these options.
  const { publicKey, privateKey } = generateKeyPairSync(type as 'rsa', options as { modulusLength: number });
  return {
    publicPEM: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privatePEM: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** An RSA key of these numbers, big-endian. */
function rsaOf(modulus: Uint8Array, exponent: number): string {
  const n = Buffer.from(modulus).toString('base64url');
  const e = Buffer.from([exponent]).toString('base64url');
  const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } });
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** The same modulus with another exponent. */
function withExponent({ metadata }: TestKey, exponent: number): string {
  const { n } = createPublicKey(metadata.keyval.public).export({ format: 'jwk' });
  return rsaOf(Buffer.from(n ?? '', 'base64url'), exponent);
}

/** An odd modulus of so many bits. */
function modulusOf(bits: number): Uint8Array {
  const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xff);
  modulus[0] = 0xff >> (modulus.length * 8 - bits);
  return modulus;
}

describe.each(KEY_KINDS)('a key of kind %s', (kind: KeyKind) => {
  const key = testKey('keyring', kind);
  const resolve = () => new KeyRing().resolve(listed(key));

  test('is imported once', () => {
    const ring = new KeyRing();
    expect(ring.resolve(listed(key))).toBeDefined();
    expect(ring.resolve(listed(key))).toBe(ring.resolve(listed(key, { keyid: 'another' })));
  });

  test('verifies its own signatures and no others', async () => {
    const resolved = resolve();
    const signature = key.sign(MESSAGE);
    expect(await resolved?.verify(MESSAGE, signature)).toBe(true);
    expect(await resolved?.verify(Buffer.from('something else'), signature)).toBe(false);
    const broken = Buffer.from(signature);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    expect(await resolved?.verify(MESSAGE, broken)).toBe(false);
    expect(await resolved?.verify(MESSAGE, testKey('another', kind).sign(MESSAGE))).toBe(false);
  });

  test('verifies a message of more than a mebibyte, too', async () => {
    const message = Buffer.alloc(1024 * 1024 + 1, 'large');
    expect(await resolve()?.verify(message, key.sign(message))).toBe(true);
    expect(await resolve()?.verify(message, key.sign(MESSAGE))).toBe(false);
  });

  test('never throws, whatever the signature looks like', async () => {
    const resolved = resolve();
    for (const signature of [
      Buffer.alloc(0),
      Buffer.from([1]),
      Buffer.alloc(64),
      Buffer.alloc(10_000, 0x30),
    ]) {
      expect(await resolved?.verify(MESSAGE, signature)).toBe(false);
    }
  });
});

describe('keys that contribute nothing', () => {
  const ed25519 = testKey('keyring', 'ed25519');
  const p256 = testKey('keyring', 'p256');
  const rsa = testKey('keyring', 'rsa-sha256');
  const small = pemOf('rsa', { modulusLength: 1024 });
  const { privatePEM } = pemOf('ed25519', {});
  const hex = ed25519.metadata.keyval.public;

  test.each<[string, Key]>([
    ['of an unknown type', listed(ed25519, { keytype: 'ml-dsa' })],
    ['of an unknown scheme', listed(ed25519, { scheme: 'ed448' })],
    ['whose scheme does not fit the type', listed(ed25519, { keytype: 'rsa', scheme: 'rsassa-pss-sha256' })],
    ['whose scheme names another curve', listed(p256, { scheme: 'ecdsa-sha2-nistp384' })],
    ['without a public key', listed(ed25519, { public: undefined })],
    ['with an empty public key', listed(ed25519, { public: '' })],
    ['with a public key that is too short', listed(ed25519, { public: 'abcd' })],
    ['with a private key instead of a public one', listed(ed25519, { public: privatePEM })],
    ['with RSA of 1024 bits', listed(rsa, { public: small.publicPEM })],
    ['with RSA whose exponent is 1', listed(rsa, { public: withExponent(rsa, 1) })],
    ['with RSA whose exponent is 2', listed(rsa, { public: withExponent(rsa, 2) })],
    ['with RSA of 2047 bits', listed(rsa, { public: rsaOf(modulusOf(2047), 3) })],
    ['with RSA of 8193 bits', listed(rsa, { public: rsaOf(modulusOf(8193), 3) })],
    ['with RSA given in hex', listed(rsa, { public: 'abcd' })],
    [
      'that is RSA under the scheme of another type',
      { ...listed(rsa), keytype: 'ed25519', scheme: 'ed25519' },
    ],
    [
      'that is RSA under the scheme of a curve',
      { ...listed(rsa), keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256' },
    ],
    ['in hex with something behind it', listed(ed25519, { public: `${hex}zz` })],
    ['in hex with something before it', listed(ed25519, { public: `zz${hex}` })],
    ['in hex with half a byte behind it', listed(ed25519, { public: `${hex}a` })],
    ['in PEM with something before it', listed(rsa, { public: `x\n${rsa.metadata.keyval.public}` })],
    ['with an endless public key', listed(ed25519, { public: 'ab'.repeat(5000) })],
    [
      'with a PEM that holds nothing',
      listed(rsa, { public: '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----' }),
    ],
  ])('a key %s', (_what, key) => {
    expect(new KeyRing().resolve(key)).toBeUndefined();
  });
});

describe('keys at the bounds are keys', () => {
  const ed25519 = testKey('keyring', 'ed25519');
  const rsa = testKey('keyring', 'rsa-sha256');

  test.each<[string, Key]>([
    ['with RSA whose exponent is 3', listed(rsa, { public: withExponent(rsa, 3) })],
    ['with RSA of 2048 bits', listed(rsa, { public: rsaOf(modulusOf(2048), 3) })],
    ['with RSA of 8192 bits', listed(rsa, { public: rsaOf(modulusOf(8192), 3) })],
    ['in PEM with empty lines before it', listed(rsa, { public: `\r\n\n${rsa.metadata.keyval.public}` })],
    ['in upper-case hex', listed(ed25519, { public: ed25519.metadata.keyval.public.toUpperCase() })],
  ])('a key %s', (_what, key) => {
    expect(new KeyRing().resolve(key)).toBeDefined();
  });
});

test('one public key is one key, whether it is written as PEM, hex or a compressed point', () => {
  const ring = new KeyRing();
  for (const [pem, hex] of [
    ['p256', 'p256-hex'],
    ['p384', 'p384-hex'],
  ] as const) {
    const seeded = testKey('same', hex);
    const point = Buffer.from(seeded.metadata.keyval.public, 'hex');
    const size = (point.length - 1) / 2;
    const y = point.at(-1) ?? 0;
    const compressed = Buffer.concat([Buffer.from([2 + (y & 1)]), point.subarray(1, 1 + size)]).toString(
      'hex',
    );
    const uncompressedKey = ring.resolve(listed(seeded));
    const compressedKey = ring.resolve(listed(seeded, { public: compressed }));
    expect(compressedKey?.fingerprint).toBe(uncompressedKey?.fingerprint);
    expect(ring.resolve(listed(testKey('same', pem)))?.fingerprint).not.toBe(uncompressedKey?.fingerprint);
    const crv = pem === 'p256' ? 'P-256' : 'P-384';
    const [x, yy] = [point.subarray(1, 1 + size), point.subarray(1 + size)].map((b) =>
      b.toString('base64url'),
    );
    const asPEM = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv, x: x ?? '', y: yy ?? '' } });
    const text = asPEM.export({ type: 'spki', format: 'pem' }).toString();
    expect(ring.resolve(listed(testKey('same', pem), { public: text }))?.fingerprint).toBe(
      uncompressedKey?.fingerprint,
    );
  }
});

test('P-384 signatures are checked with SHA-384, which some clients get wrong', async () => {
  const key = testKey('keyring', 'p384');
  const resolved = new KeyRing().resolve(listed(key));
  expect(await resolved?.verify(MESSAGE, key.sign(MESSAGE))).toBe(true);
});

test('no spelling of one field makes a key pass for another one', () => {
  const ring = new KeyRing();
  const key = listed(testKey('keyring', 'ed25519'));
  expect(ring.resolve(key)).toBeDefined();
  for (const between of ['', ' ', ':', '/', '|', ',', '\0', '\n', '","', "','"]) {
    const { keytype, scheme, public: material = '' } = key;
    const joined = { keytype: `${keytype}${between}${scheme}`, scheme: material, public: '' };
    const shifted = { keytype, scheme: `${scheme}${between}${material}`, public: '' };
    const merged = { keytype: '', scheme: '', public: `${keytype}${between}${scheme}${between}${material}` };
    for (const changes of [joined, shifted, merged]) {
      expect(ring.resolve({ ...key, ...changes })).toBeUndefined();
    }
  }
});

test('a signature is checked once, however many delegators ask about it', async () => {
  const ring = new KeyRing();
  let checks = 0;
  const key = {
    fingerprint: 'f',
    verify: async () => {
      checks += 1;
      return true;
    },
  };
  const signatures = Array.from({ length: 1500 }, (_, i) => Buffer.from(`signature ${i}`));
  for (let delegator = 0; delegator < 20; delegator++) {
    for (const signature of signatures) {
      expect(await ring.verify(MESSAGE, signature, key)).toBe(true);
    }
  }
  expect(checks).toBe(1500);
});
