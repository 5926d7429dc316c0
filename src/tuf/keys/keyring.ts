import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { LIMITS } from '../metadata/limits.ts';
import { pointToPEM } from './ec-point.ts';
import type { Key } from './key.ts';
import { schemeOf, type VerificationScheme } from './scheme.ts';

/** A public key ready for use. */
export interface VerificationKey {
  /** Lower-case hex sha256 that is equal for equal public keys, however they are encoded. */
  readonly fingerprint: string;
  /** Whether `signature` over `message` is this key's. Never rejects. */
  verify(message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/**
 * Turns keys of metadata into keys that verify, each once: importing costs as much as verifying. One ring per
 * run.
 */
export class KeyRing {
  readonly #keys = new Map<string, VerificationKey | undefined>();
  readonly #checked = new WeakMap<Uint8Array, Map<VerificationKey, boolean>>();

  /**
   * The usable key, or undefined when its type, scheme or encoding is unknown: it then contributes nothing.
   */
  resolve(key: Key): VerificationKey | undefined {
    // As JSON, so that no spelling of one field can stand for two.
    const id = JSON.stringify([key.keytype, key.scheme, key.public]);
    if (this.#keys.has(id)) {
      return this.#keys.get(id);
    }
    const resolved = importKey(key);
    this.#keys.set(id, resolved);
    return resolved;
  }

  /**
   * Whether a signature of a file is `key`'s. Each is checked once, however many delegators ask: signature
   * checks are bounded by the files' signatures and not by the number of delegations.
   *
   * @param sig one of the file's signatures; by identity, so that another one is another question
   */
  async verify(message: Uint8Array, sig: Uint8Array, key: VerificationKey): Promise<boolean> {
    const known = this.#checked.get(sig)?.get(key);
    if (known !== undefined) {
      return known;
    }
    const valid = await key.verify(message, sig);
    const answers = this.#checked.get(sig) ?? new Map<VerificationKey, boolean>();
    this.#checked.set(sig, answers.set(key, valid));
    return valid;
  }
}

function importKey(key: Key): VerificationKey | undefined {
  const scheme = schemeOf(key.keytype, key.scheme);
  if (scheme === undefined || key.public === undefined) {
    return undefined;
  }
  const keyObject = readPublicKey(scheme, key.public);
  if (keyObject === undefined || !fits(scheme, keyObject)) {
    return undefined;
  }
  return {
    fingerprint: fingerprintOf(keyObject),
    // A signature that OpenSSL can't even read is an invalid one.
    verify: (message, signature) => scheme.verify(message, keyObject, signature).catch(() => false),
  };
}

function readPublicKey(scheme: VerificationScheme, text: string): KeyObject | undefined {
  try {
    // Only bare public keys: createPublicKey would also take a certificate or derive from a private key.
    if (/^\s*-----BEGIN (RSA )?PUBLIC KEY-----/.test(text)) {
      return createPublicKey(text);
    }
    if (scheme.hexPrefix === undefined || !/^([0-9a-f]{2})+$/i.test(text)) {
      return undefined;
    }
    return createPublicKey(pointToPEM(scheme.hexPrefix, Buffer.from(text, 'hex')));
  } catch {
    // Whatever OpenSSL dislikes about it, the consequence is the same and documented: the key contributes
    // nothing.
    return undefined;
  }
}

function fits(scheme: VerificationScheme, key: KeyObject): boolean {
  if (key.asymmetricKeyType !== scheme.keyType) {
    return false;
  }
  const details = key.asymmetricKeyDetails;
  if (scheme.keyType === 'ec') {
    return details?.namedCurve === scheme.curve;
  }
  if (scheme.keyType !== 'rsa') {
    return true;
  }
  // With an exponent of 1 every message is its own signature; below 3 RSA does not exist.
  const exponent = details?.publicExponent ?? 0n;
  if (exponent < 3n) {
    return false;
  }
  const bits = details?.modulusLength ?? 0;
  return bits >= LIMITS.rsaBits.min && bits <= LIMITS.rsaBits.max;
}

/** Over the key's numbers, not its encoding: a compressed and an uncompressed point are one key. */
function fingerprintOf(key: KeyObject): string {
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' });
  return hash('sha256', JSON.stringify([kty, crv, x, y, n, e]));
}
