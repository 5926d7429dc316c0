import type { FindingList } from '../findings/finding-list.ts';
import { printable } from '../findings/text.ts';
import type { Version } from '../metadata/version.ts';
import type { Key } from './key.ts';
import type { RoleKeys } from './role-keys.ts';

/** How many examples a finding names before it only counts. */
const EXAMPLES = 3;

/**
 * Reports oddities of the keys a file lists that don't change what verifies: ids that are not the digest of
 * their key (spec 4.2), and one public key under several ids of a role (spec 4.3), which was counted once.
 */
export function reviewKeys(
  findings: FindingList,
  role: string,
  version: Version,
  keys: ReadonlyMap<string, Key>,
  roles: Iterable<RoleKeys>,
): void {
  const wrong = [...keys.values()].filter((key) => !key.idMatches).map((key) => key.keyid);
  if (wrong.length > 0) {
    findings.add('KeyIDMismatch', {
      role,
      version,
      detail: `${wrong.length} of ${keys.size} key ids are not the sha256 of their key: ${shorten(wrong)}`,
    });
  }
  const twice = new Set<string>();
  for (const { keyids } of roles) {
    const seen = new Set<string>();
    for (const keyid of keyids) {
      const material = keys.get(keyid)?.public?.trim();
      if (material !== undefined && seen.has(material)) {
        twice.add(keyid);
      }
      if (material !== undefined) {
        seen.add(material);
      }
    }
  }
  if (twice.size > 0) {
    findings.add('KeyListedTwice', {
      role,
      version,
      detail: `the public key of ${shorten([...twice])} is listed under another id of the same role as well`,
    });
  }
}

function shorten(items: readonly string[]): string {
  const shown = items.slice(0, EXAMPLES).map((item) => printable(item, 25));
  return items.length > EXAMPLES
    ? `${shown.join(', ')} and ${items.length - EXAMPLES} more`
    : shown.join(', ');
}
