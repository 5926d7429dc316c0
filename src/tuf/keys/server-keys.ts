import type { Envelope } from '../metadata/envelope.ts';
import type { Key } from './key.ts';
import type { KeyRing } from './keyring.ts';
import type { Signers } from './threshold.ts';

/**
 * What the server (go-tuf 2.4.1) does with a key of a role whose file it verifies:
 * - `verifies`: checks signatures with it;
 * - `ignores`: never finds a signature of it valid, and continues with the next key;
 * - `fails`: gives up on the role altogether, even with enough other signatures.
 */
type ServerUse = 'verifies' | 'ignores' | 'fails';

/** How the server uses a key: by its type alone, except for the digest of ECDSA, which follows the scheme. */
function serverUse({ keytype, scheme, public: material }: Key): ServerUse {
  switch (keytype) {
    case 'ed25519':
      return material !== undefined && /^[0-9a-f]{64}$/i.test(material) ? 'verifies' : 'fails';
    case 'ecdsa':
    case 'ecdsa-sha2-nistp256':
      return isPEM(material) ? 'verifies' : 'fails';
    case 'rsa':
      // It takes every RSA key for RSASSA-PSS with SHA-256.
      return !isPEM(material) ? 'fails' : scheme === 'rsassa-pss-sha256' ? 'verifies' : 'ignores';
    default:
      return 'fails';
  }
}

function isPEM(material: string | undefined): boolean {
  return material?.trimStart().startsWith('-----BEGIN ') === true;
}

/**
 * Why the server would not verify a file that is signed by the threshold of `signers`; undefined when it
 * would.
 */
export async function serverSignatureRefusal(
  envelope: Envelope,
  { role, keys }: Signers,
  ring: KeyRing,
): Promise<string | undefined> {
  const used = role.keyids.map((keyid) => {
    const key = keys.get(keyid);
    return { keyid, key, use: key === undefined ? ('fails' as const) : serverUse(key) };
  });
  if (used.every(({ use }) => use === 'verifies')) {
    return undefined;
  }
  const failing = used.find(({ use }) => use === 'fails');
  if (failing !== undefined) {
    return failing.key === undefined
      ? 'a key id of the role is not among the keys'
      : `it can't read a key of the role (${failing.key.keytype}, ${failing.key.scheme})`;
  }
  let valid = 0;
  for (const { keyid, key, use } of used) {
    const sig = envelope.signatures.find((signature) => signature.keyid === keyid)?.sig;
    const resolved = key === undefined || use !== 'verifies' ? undefined : ring.resolve(key);
    if (
      sig !== undefined &&
      resolved !== undefined &&
      (await ring.verify(envelope.canonical, sig, resolved))
    ) {
      valid++;
    }
  }
  return valid >= role.threshold
    ? undefined
    : `of the signatures needed it can verify ${valid}, because it takes every RSA key for rsassa-pss-sha256`;
}
