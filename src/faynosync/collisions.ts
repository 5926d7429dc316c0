/** A delegated role that cannot have a Redis key of its own. */
export interface Collision {
  readonly role: string;
  readonly detail: string;
}

/** Spellings whose `<role>_EXPIRATION_…` is the key of a top-level role. The server overwrites one with the other. */
const topLevelSpellings = new Set(['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP']);

/**
 * First words of the server's other keys. A delegated role of this name has, for a tenant called `EXPIRATION_…`, the
 * very key of that tenant: `BOOTSTRAP_EXPIRATION_x_app` is both.
 */
const reservedSpellings = new Set(['BOOTSTRAP', 'RECOVERY_LOCK', 'LOCK_SNAPSHOT']);

const controlCharacter = /\p{Cc}/u;

/**
 * Checks that different roles have different keys, none of which can be another app's (R5). The server checks none
 * of this: a role called `TIMESTAMP` leaves TIMESTAMP_EXPIRATION at 90 days.
 *
 * @returns the first role that fails, in the order given; undefined when every role can have its key
 */
export function findCollision(delegatedNames: readonly string[]): Collision | undefined {
  const seen = new Set<string>();
  for (const role of delegatedNames) {
    const detail = problemOf(role, seen);
    if (detail !== undefined) return { role, detail };
    seen.add(role);
  }
  return undefined;
}

function problemOf(role: string, seen: ReadonlySet<string>): string | undefined {
  if (role === '') return 'A delegated role has an empty name.';
  if (controlCharacter.test(role)) return `Role ${JSON.stringify(role)} has a control character in its name.`;
  if (topLevelSpellings.has(role))
    return `Role "${role}" would share ${role}_EXPIRATION with the top-level role.`;
  if (reservedSpellings.has(role))
    return `Role "${role}" would share its key with a marker or lock of the server.`;
  if (role.includes('_EXPIRATION_')) return `Role "${role}" could share its key with another tenant's role.`;
  if (seen.has(role)) return `Role "${role}" is delegated twice under one name.`;
  return undefined;
}
