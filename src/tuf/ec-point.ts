/** Fixed head of a DER SubjectPublicKeyInfo, up to the length of the key bits. */
export interface SPKIPrefix {
  /** DER of the AlgorithmIdentifier. */
  readonly algorithm: Buffer;
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;

/** ed25519: OID 1.3.101.112 (RFC 8410). */
export const ED25519: SPKIPrefix = { algorithm: Buffer.from('300506032b6570', 'hex') };
/** ECDSA on P-256: id-ecPublicKey with prime256v1 (RFC 5480). */
export const P256: SPKIPrefix = {
  algorithm: Buffer.from('301306072a8648ce3d020106082a8648ce3d030107', 'hex'),
};
/** ECDSA on P-384: id-ecPublicKey with secp384r1 (RFC 5480). */
export const P384: SPKIPrefix = { algorithm: Buffer.from('301006072a8648ce3d020106052b81040022', 'hex') };

/** Wraps the raw bytes that older metadata lists in hex (a point, or an ed25519 key) into DER that OpenSSL reads. */
export function pointToSPKI(prefix: SPKIPrefix, point: Buffer): Buffer {
  const bits = Buffer.concat([Buffer.from([BIT_STRING, point.length + 1, 0]), point]);
  const body = Buffer.concat([prefix.algorithm, bits]);
  return Buffer.concat([Buffer.from([SEQUENCE, body.length]), body]);
}
