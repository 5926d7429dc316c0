import { checkPrimeSync, createPrivateKey, type KeyObject } from 'node:crypto';
import type { SeededRandom } from './random.ts';

const E = 65_537n;

/** An RSA key made from the seed alone: node:crypto can generate RSA keys, but not the same one twice. */
export function seededRSA(random: SeededRandom, bits: number): KeyObject {
  const p = prime(random, bits / 2);
  const q = prime(random, bits / 2);
  const phi = (p - 1n) * (q - 1n);
  const d = inverse(E, phi);
  const number = (value: bigint): string => {
    const hex = value.toString(16);
    return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
  };
  return createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: number(p * q),
      e: number(E),
      d: number(d),
      p: number(p),
      q: number(q),
      dp: number(d % (p - 1n)),
      dq: number(d % (q - 1n)),
      qi: number(inverse(q, p)),
    },
  });
}

function prime(random: SeededRandom, bits: number): bigint {
  const bytes = random.bytes(bits / 8);
  // The two top bits make the product reach its full length; the lowest makes it odd.
  let candidate = BigInt(`0x${bytes.toString('hex')}`) | (3n << BigInt(bits - 2)) | 1n;
  while (candidate % E === 1n || !checkPrimeSync(candidate)) {
    candidate += 2n;
  }
  return candidate;
}

/** Modular inverse by the extended Euclidean algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, value % modulus, 0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [t0, t1] = [t1, t0 - quotient * t1];
  }
  return ((t0 % modulus) + modulus) % modulus;
}
