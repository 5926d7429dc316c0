import { forEachInTurns } from '../../async/in-turns.ts';
import { quoted } from '../findings/text.ts';
import type { VerificationContext } from '../verify/verification-context.ts';
import { TOP_LEVEL_ROLES } from './root.ts';

const UPPER: ReadonlySet<string> = new Set(TOP_LEVEL_ROLES.map((role) => role.toUpperCase()));

/**
 * Checks that the names of the roles delegated by targets stay apart when the server makes them into Redis
 * keys: it stores `<role>_EXPIRATION_<admin>_<app>`, and the lifetimes of the top-level roles under `ROOT`,
 * `TARGETS`, `SNAPSHOT` and `TIMESTAMP` in the same place.
 */
export function checkRoleNames(run: VerificationContext, names: readonly string[]): Promise<void> {
  return forEachInTurns(names, (role) => {
    const shown = quoted(role);
    const collision = collisionOf(role);
    if (collision !== undefined) {
      run.findings.add('RoleNameCollides', { role, detail: `the role name ${shown} ${collision}` });
    } else if (UPPER.has(role.toUpperCase())) {
      run.findings.add('UnusualRoleName', {
        role,
        detail: `the role name ${shown} differs from a top-level role only in case`,
      });
    } else if (/[./]/.test(role)) {
      run.findings.add('UnusualRoleName', { role, detail: `the role name ${shown} holds "." or "/"` });
    }
  });
}

function collisionOf(role: string): string | undefined {
  if (UPPER.has(role)) {
    return 'is what the server calls a top-level role in its keys';
  }
  if (role.includes('_EXPIRATION_')) {
    return "holds _EXPIRATION_, which separates role and app in the server's keys";
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(role)) {
    return 'holds a control character';
  }
  return undefined;
}
