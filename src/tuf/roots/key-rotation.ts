import type { KeyRing } from '../keys/keyring.ts';
import type { Root, TopLevelRole } from '../metadata/root.ts';

/**
 * Whether a role's public keys differ between two roots (spec 5.3.11), whatever their ids, order and
 * threshold.
 */
export function wereRotated(ring: KeyRing, older: Root, newer: Root, role: TopLevelRole): boolean {
  return keySet(ring, older, role) !== keySet(ring, newer, role);
}

/** Unusable keys count by id. */
function keySet(ring: KeyRing, root: Root, role: TopLevelRole): string {
  const prints = root.roles[role].keyids.map((keyid) => {
    const key = root.keys.get(keyid);
    return (key === undefined ? undefined : ring.resolve(key)?.fingerprint) ?? `id ${keyid}`;
  });
  return [...new Set(prints)].sort().join(' ');
}
