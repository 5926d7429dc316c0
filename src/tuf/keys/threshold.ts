import { MetadataFault } from '../findings/fault.ts';
import type { FindingCode } from '../findings/findings.ts';
import { quoted } from '../findings/text.ts';
import type { Envelope } from '../metadata/envelope.ts';
import type { Key } from './key.ts';
import type { KeyRing } from './keyring.ts';
import type { RoleKeys } from './role-keys.ts';
import { schemeOf } from './scheme.ts';

/** Who may sign a file: the role's key ids and threshold, and the keys its delegator lists. */
export interface Signers {
  readonly role: RoleKeys;
  readonly keys: ReadonlyMap<string, Key>;
}

/** How many keys of a role signed a file. */
interface SignatureCount {
  /** Different key ids with a valid signature. */
  readonly keyids: number;
  /** Different public keys with a valid signature: what the threshold is held against. */
  readonly keys: number;
}

/**
 * Counts valid signatures by unique key id (spec 5.4.2) and by unique public key: one key under two ids is
 * one signer. Stops as soon as the threshold is met.
 */
async function countSignatures(envelope: Envelope, signers: Signers, ring: KeyRing): Promise<SignatureCount> {
  const wanted = new Set(signers.role.keyids);
  const fingerprints = new Set<string>();
  let keyids = 0;
  for (const { keyid, sig } of envelope.signatures) {
    if (fingerprints.size >= signers.role.threshold) {
      break;
    }
    if (sig === undefined || !wanted.has(keyid)) {
      continue;
    }
    const listed = signers.keys.get(keyid);
    const key = listed === undefined ? undefined : ring.resolve(listed);
    if (key === undefined || !(await ring.verify(envelope.canonical, sig, key))) {
      continue;
    }
    keyids++;
    fingerprints.add(key.fingerprint);
  }
  return { keyids, keys: fingerprints.size };
}

/**
 * Requires the threshold of `signers` on `envelope`.
 *
 * @param code the finding when it is not met
 * @throws MetadataFault `code`; `SameKeyTwice` when only counting one key twice would meet it;
 *   `UnsupportedKey` when the missing signatures may be there and can't be checked
 */
export async function requireThreshold(
  envelope: Envelope,
  signers: Signers,
  ring: KeyRing,
  code: FindingCode = 'ThresholdNotMet',
): Promise<void> {
  const { threshold } = signers.role;
  const count = await countSignatures(envelope, signers, ring);
  if (count.keys >= threshold) {
    return;
  }
  if (count.keyids >= threshold) {
    throw new MetadataFault(
      'SameKeyTwice',
      `${count.keyids} key ids signed, but they are ${count.keys} different keys; ${threshold} are needed`,
    );
  }
  const unsupported = unsupportedSigners(envelope, signers);
  if (count.keys + unsupported.length >= threshold) {
    const kinds = new Set(
      unsupported.map(({ keytype, scheme }) => `${quoted(keytype)} with scheme ${quoted(scheme)}`),
    );
    throw new MetadataFault(
      'UnsupportedKey',
      `${count.keys} of the ${threshold} signatures needed could be checked; the others are of keys of type ${[...kinds].slice(0, 3).join(', ')}`,
    );
  }
  throw new MetadataFault(code, `${count.keys} of the ${threshold} signatures needed are valid`);
}

/**
 * The keys of the role that signed and whose type or scheme is none that is verified here. An empty
 * signature, the server's place for one that is still to come, is none.
 */
function unsupportedSigners(envelope: Envelope, { role, keys }: Signers): readonly Key[] {
  const signed = new Set(envelope.signatures.flatMap(({ keyid, sig }) => (sig === undefined ? [] : [keyid])));
  return role.keyids.flatMap((keyid) => {
    const key = signed.has(keyid) ? keys.get(keyid) : undefined;
    return key === undefined || schemeOf(key.keytype, key.scheme) !== undefined ? [] : [key];
  });
}

/** Whether `envelope` carries the threshold of `signers`. */
export async function isSigned(envelope: Envelope, signers: Signers, ring: KeyRing): Promise<boolean> {
  const { keys } = await countSignatures(envelope, signers, ring);
  return keys >= signers.role.threshold;
}
