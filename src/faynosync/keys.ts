import { type App, suffixOf } from './app.ts';
import { upperCase } from './upper-case.ts';

/** The gate: every endpoint of the server asks this key whether the app is bootstrapped. */
export function markerKey(app: App): string {
  return `${markerPrefix}${suffixOf(app)}`;
}

/** What the server's own recovery takes, too: while one holds it the other answers 409. */
export function lockKey(app: App): string {
  return `RECOVERY_LOCK_${suffixOf(app)}`;
}

/** Held by a bootstrap from its start to its end, without TTL; a crash leaves it for ever. */
export function bootstrapLockKey(taskID: string): string {
  return `pre-${taskID}`;
}

/** What the keys of markers begin with. */
export const markerPrefix = 'BOOTSTRAP_';

/**
 * What the locks begin with that the server holds while it signs snapshot or timestamp. A lock is deleted
 * after the new timestamp was put into the bucket.
 */
export const signingLockPrefix = 'LOCK_SNAPSHOT_';

/** A task record; not scoped to an app. */
export function taskKey(taskID: string): string {
  return `task:${taskID}`;
}

/** Blank after bootstrap, staged root metadata during a rotation, absent after one. */
export function rootSigningKey(app: App): string {
  return `ROOT_SIGNING_${suffixOf(app)}`;
}

/**
 * Every key that can hold a staged signing ceremony of the app: root, targets and each delegated role,
 * upper-cased as the server does. What stands there exists nowhere else, so a run reads these keys and never
 * writes them.
 */
export function* ceremonyKeys(app: App, delegatedNames: readonly string[]): Generator<string, undefined> {
  const roles = new Set(['ROOT', 'TARGETS']);
  yield* Array.from(roles, (role) => signingKey(app, role));
  for (const name of delegatedNames) {
    const role = upperCase(name);
    if (!roles.has(role)) {
      roles.add(role);
      yield signingKey(app, role);
    }
  }
}

function signingKey(app: App, role: string): string {
  return `${role}_SIGNING_${suffixOf(app)}`;
}
