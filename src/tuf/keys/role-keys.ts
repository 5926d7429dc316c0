import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';
import { asArray, asObject, asShortString, asStrings, type JSONObject, ownMember } from '../json/guards.ts';
import { LIMITS } from '../metadata/limits.ts';
import { type Key, parsePublicKey } from './key.ts';

/** Which keys a role needs: `threshold` of `keyids` (spec 4.3, 4.5). */
export interface RoleKeys {
  readonly keyids: readonly string[];
  readonly threshold: number;
}

/**
 * Reads `keyids` and `threshold` of a role.
 *
 * @throws MetadataFault `InvalidThreshold`, `LimitExceeded`, `InvalidMetadata`
 */
export function parseRoleKeys(role: JSONObject, path: string): RoleKeys {
  const listed = asArray(ownMember(role, 'keyids'), `${path}.keyids`);
  if (listed.length > LIMITS.keysPerRole) {
    throw new MetadataFault('LimitExceeded', `${path}.keyids holds more than ${LIMITS.keysPerRole} entries`);
  }
  const keyids = asStrings(listed, LIMITS.keyidCharacters, `${path}.keyids`);
  const threshold = ownMember(role, 'threshold');
  if (typeof threshold !== 'number' || !Number.isSafeInteger(threshold) || threshold < 1) {
    throw new MetadataFault('InvalidThreshold', `${path}.threshold must be an integer of at least 1`);
  }
  if (new Set(keyids).size !== keyids.length) {
    throw new MetadataFault('InvalidThreshold', `${path}.keyids holds one key id twice`);
  }
  return { keyids, threshold };
}

/**
 * Reads a `keys` object into a map, so that ids such as `__proto__` are ordinary data.
 *
 * @throws MetadataFault `InvalidMetadata`, `LimitExceeded`
 */
export function parseKeys(value: unknown, path: string): ReadonlyMap<string, Key> {
  const entries = Object.entries(asObject(value, path));
  if (entries.length > LIMITS.keys) {
    throw new MetadataFault('LimitExceeded', `${path} holds more than ${LIMITS.keys} keys`);
  }
  return new Map(
    entries.map(([keyid, key]) => {
      const id = asShortString(keyid, LIMITS.keyidCharacters, `a key id of ${path}`);
      return [id, parsePublicKey(id, key, `${path}[${quoted(id)}]`)];
    }),
  );
}
