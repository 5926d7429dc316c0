import { constants, type KeyObject, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { ED25519, P256, P384, type SPKIPrefix } from './ec-point.ts';

/** One way to check a signature. */
export interface VerificationScheme {
  /** Node's name of the key's algorithm. */
  readonly keyType: 'ed25519' | 'ec' | 'rsa';
  /** OpenSSL's name of the curve, for `ec`. */
  readonly curve?: string;
  /** For schemes whose keys may be listed as raw hex. */
  readonly hexPrefix?: SPKIPrefix;
  /**
   * Runs in the thread pool, so that neither thousands of signatures nor a slow curve block the event loop.
   */
  verify(message: Uint8Array, key: KeyObject, signature: Uint8Array): Promise<boolean>;
}

/**
 * The pool works on a copy of the message. A file larger than this is not held twice: its check blocks the
 * thread.
 */
const MAX_COPIED_BYTES = 1024 * 1024;

const verifyInPoolAlways = promisify(verify);

async function verifyInPool(
  ...[digest, message, key, signature]: Parameters<typeof verifyInPoolAlways>
): Promise<boolean> {
  return message.byteLength > MAX_COPIED_BYTES
    ? verify(digest, message, key, signature)
    : verifyInPoolAlways(digest, message, key, signature);
}

const ed25519: VerificationScheme = {
  keyType: 'ed25519',
  hexPrefix: ED25519,
  verify: (message, key, signature) => verifyInPool(null, message, key, signature),
};

const nistp256: VerificationScheme = {
  keyType: 'ec',
  curve: 'prime256v1',
  hexPrefix: P256,
  verify: (message, key, signature) => verifyInPool('sha256', message, key, signature),
};

const nistp384: VerificationScheme = {
  keyType: 'ec',
  curve: 'secp384r1',
  hexPrefix: P384,
  verify: (message, key, signature) => verifyInPool('sha384', message, key, signature),
};

const rsaPSS = (digest: 'sha256' | 'sha384' | 'sha512'): VerificationScheme => ({
  keyType: 'rsa',
  verify: (message, key, signature) =>
    verifyInPool(
      digest,
      message,
      // Signers choose their salt length; its value carries no security (RFC 8017, 9.1).
      { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
      signature,
    ),
});

/** keytype and scheme, as spec 4.2 and older metadata spell them. */
const SCHEMES: ReadonlyMap<string, VerificationScheme> = new Map([
  ['ed25519 ed25519', ed25519],
  ['ecdsa ecdsa-sha2-nistp256', nistp256],
  ['ecdsa ecdsa-sha2-nistp384', nistp384],
  ['ecdsa-sha2-nistp256 ecdsa-sha2-nistp256', nistp256],
  ['ecdsa-sha2-nistp384 ecdsa-sha2-nistp384', nistp384],
  ['rsa rsassa-pss-sha256', rsaPSS('sha256')],
  ['rsa rsassa-pss-sha384', rsaPSS('sha384')],
  ['rsa rsassa-pss-sha512', rsaPSS('sha512')],
]);

/** The scheme for a key, or undefined when it is not one of those this project verifies. */
export function schemeOf(keytype: string, scheme: string): VerificationScheme | undefined {
  return SCHEMES.get(`${keytype} ${scheme}`);
}
