/** A delegated role that cannot have a Redis key of its own. */
export interface RoleKeyCollision {
  readonly role: string;
  readonly detail: string;
}

interface Rule {
  readonly forbids: (role: string) => boolean;
  readonly why: (role: string) => string;
}

/**
 * The patterns of the server's other keys. The keys of a tenant called `EXPIRATION_alice` read like
 * lifetimes of a tenant `alice`: `BOOTSTRAP_EXPIRATION_alice_tuf` is the marker of the one and the lifetime
 * of role BOOTSTRAP of the other.
 */
const serverWords =
  /(?:^(?:BOOTSTRAP|RECOVERY_LOCK|LOCK_SNAPSHOT|TARGETS_ONLINE_KEY|NUMBER_OF_DELEGATED_BINS)|_(?:SIGNING|SIGNING_TASK|THRESHOLD|NUM_KEYS|EXPIRATION))(?:_|$)/;

const rules: readonly Rule[] = [
  { forbids: (role) => role === '', why: () => 'A delegated role has an empty name.' },
  {
    forbids: (role) => /\p{Cc}/u.test(role),
    why: (role) => `Role ${JSON.stringify(role)} has a control character in its name.`,
  },
  {
    forbids: (role) => ['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'].includes(role),
    why: (role) => `Role "${role}" would share ${role}_EXPIRATION with the top-level role.`,
  },
  {
    forbids: (role) => serverWords.test(role),
    why: (role) => `Role "${role}" could share its key with a key of another tenant.`,
  },
];

/**
 * Checks that different roles have different keys, none of which can be another app's (R5). The server checks
 * none of this: a role called `TIMESTAMP` leaves TIMESTAMP_EXPIRATION at 90 days. Yields after each role,
 * because 65,000 of them take some 30 ms, in which the event loop needs a turn.
 *
 * @returns the first role that fails, in the order given; undefined when every role can have its key
 */
export function* findRoleKeyCollision(
  delegatedNames: readonly string[],
): Generator<void, RoleKeyCollision | undefined, void> {
  const seen = new Set<string>();
  for (const role of delegatedNames) {
    const broken = rules.find(({ forbids }) => forbids(role));
    if (broken !== undefined) {
      return { role, detail: broken.why(role) };
    }
    if (seen.has(role)) {
      return { role, detail: `Role "${role}" is delegated twice under one name.` };
    }
    seen.add(role);
    yield;
  }
  return undefined;
}
