import {
  constants,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
} from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { SeededRandom } from './random.ts';
import { seededRSA } from './rsa.ts';

/** Every kind of key that the verifier knows, in every encoding. */
export const KEY_KINDS = [
  'ed25519',
  'ed25519-pem',
  'p256',
  'p256-hex',
  'p384',
  'p384-hex',
  'rsa-sha256',
  'rsa-sha384',
  'rsa-sha512',
] as const;

export type KeyKind = (typeof KEY_KINDS)[number];

/** A key object as metadata lists it. */
export interface KeyMetadata {
  keytype: string;
  scheme: string;
  keyval: { public: string };
}

/** A key pair that signs test metadata. */
export interface TestKey {
  readonly keyid: string;
  readonly metadata: KeyMetadata;
  sign(message: Uint8Array): Buffer;
}

/** The key of that name: the same name and kind give the same key, in every process. */
export function testKey(name: string, kind: KeyKind = 'ed25519'): TestKey {
  const id = `${kind}/${name}`;
  const known = KEYS.get(id);
  if (known !== undefined) {
    return known;
  }
  const key = makeKey(new SeededRandom(`key/${id}`), kind);
  KEYS.set(id, key);
  return key;
}

/**
 * Making RSA keys is slow; keys are pure functions of their names, so sharing them between tests is harmless.
 */
const KEYS = new Map<string, TestKey>();

function makeKey(random: SeededRandom, kind: KeyKind): TestKey {
  switch (kind) {
    case 'ed25519':
    case 'ed25519-pem': {
      const key = ed25519(random.bytes(32));
      const material = kind === 'ed25519' ? pointOf(key, 32) : pemOf(key);
      return finish({ keytype: 'ed25519', scheme: 'ed25519', keyval: { public: material } }, (m) =>
        sign(null, m, key),
      );
    }
    case 'p256':
    case 'p256-hex':
      return ecdsa(random, 'P-256', 'prime256v1', 'sha256', kind === 'p256-hex');
    case 'p384':
    case 'p384-hex':
      return ecdsa(random, 'P-384', 'secp384r1', 'sha384', kind === 'p384-hex');
    case 'rsa-sha256':
    case 'rsa-sha384':
    case 'rsa-sha512':
      return rsa(random, kind.slice('rsa-'.length));
  }
}

function ed25519(seed: Buffer): KeyObject {
  // PKCS #8 with the 32-byte seed (RFC 8410, section 7).
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function ecdsa(random: SeededRandom, crv: string, curve: string, digest: string, hex: boolean): TestKey {
  const size = crv === 'P-256' ? 32 : 48;
  const ecdh = createECDH(curve);
  // Clearing the top bit keeps the scalar below the group's order.
  const d = random.bytes(size);
  d[0] = (d[0] ?? 0) & 0x7f;
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const coordinate = (start: number): string => point.subarray(start, start + size).toString('base64url');
  const key = createPrivateKey({
    format: 'jwk',
    key: { kty: 'EC', crv, d: d.toString('base64url'), x: coordinate(1), y: coordinate(1 + size) },
  });
  const scheme = crv === 'P-256' ? 'ecdsa-sha2-nistp256' : 'ecdsa-sha2-nistp384';
  return finish(
    { keytype: hex ? scheme : 'ecdsa', scheme, keyval: { public: hex ? point.toString('hex') : pemOf(key) } },
    (message) => sign(digest, message, key),
  );
}

function rsa(random: SeededRandom, digest: string): TestKey {
  const key = seededRSA(random, 2048);
  return finish(
    { keytype: 'rsa', scheme: `rsassa-pss-${digest}`, keyval: { public: pemOf(key) } },
    (message) =>
      sign(digest, message, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      }),
  );
}

function finish(metadata: KeyMetadata, signWith: (message: Uint8Array) => Buffer): TestKey {
  const keyid = createHash('sha256').update(canonicalize(metadata)).digest('hex');
  return { keyid, metadata, sign: signWith };
}

function pemOf(key: KeyObject): string {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
}

function pointOf(key: KeyObject, size: number): string {
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-size).toString('hex');
}
