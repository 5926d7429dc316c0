import { hash } from 'node:crypto';
import { canonicalJSON } from '../json/canonical.ts';
import { asObject, asShortString, type JSONObject, ownMember } from '../json/guards.ts';
import { LIMITS } from '../metadata/limits.ts';

/** A public key as metadata lists it. */
export interface Key {
  /** The name under which `keys` lists it. */
  readonly keyid: string;
  readonly keytype: string;
  readonly scheme: string;
  /**
   * PEM or hex, as in the metadata; undefined for key types that keep it elsewhere, and when it is oversized.
   */
  readonly public: string | undefined;
  /** Whether the key id is the sha256 of the canonical key object, as spec 4.2 wants. */
  readonly idMatches: boolean;
}

/**
 * Reads one entry of `keys`. An unknown type is no fault: such a key simply never verifies anything.
 *
 * @throws MetadataFault `InvalidMetadata`
 */
export function parsePublicKey(keyid: string, value: unknown, path: string): Key {
  const key = asObject(value, path);
  const keyval = asObject(ownMember(key, 'keyval'), `${path}.keyval`);
  const material = ownMember(keyval, 'public');
  return {
    keyid,
    keytype: asShortString(ownMember(key, 'keytype'), LIMITS.keyidCharacters, `${path}.keytype`),
    scheme: asShortString(ownMember(key, 'scheme'), LIMITS.keyidCharacters, `${path}.scheme`),
    public: typeof material === 'string' && material.length <= LIMITS.keyCharacters ? material : undefined,
    idMatches: keyid === keyidOf(key),
  };
}

/** sha256 of the canonical key object, lower-case hex (spec 4.2). */
function keyidOf(key: JSONObject): string {
  return hash('sha256', canonicalJSON(key));
}
