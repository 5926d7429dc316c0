import { HTTPError } from '../http/answer.ts';
import type { Caller } from './token-verifier.ts';

/** What a caller is on the server. */
export type CallerRole =
  /** Called `username` on the server. */
  | { readonly kind: 'admin'; readonly username: string }
  /** Works for the admin `owner`. */
  | { readonly kind: 'teamUser'; readonly owner: string; readonly mayEditApps: boolean }
  | { readonly kind: 'unknown' };

/**
 * How old the answer may be: `current` where something is started, `recent` where something is read again and
 * again.
 */
export type Freshness = 'current' | 'recent';

/** Knows the roles of callers. One per shim: a list, a claim, or the server itself. */
export interface CallerRoles {
  /** @throws {HTTPError} 401 when the server refuses the token, 503 when it can't be asked. */
  roleOf(caller: Caller, freshness: Freshness): Promise<CallerRole>;
}

/** What a BootstrapRecovery can hold as adminName; only such a name can be an admin here. */
const ADMIN_NAME = /^[^\p{Cc}]{1,253}$/u;

/**
 * The admin who may start a recovery: the caller, if an admin (the server's `AdminOnlyMiddleware`).
 * @throws {HTTPError} 403 `Admin access required`.
 */
export function requireAdmin(role: CallerRole): string {
  if (role.kind !== 'admin' || !ADMIN_NAME.test(role.username)) {
    throw HTTPError.with(403, 'Admin access required');
  }
  return role.username;
}

/**
 * The admin whose tasks the caller may read: the caller itself, or the owner of a team user who may edit apps
 * (the server's `CheckPermission` and `ResolveOwnerMiddleware`).
 * @throws {HTTPError} 401 `User not found`, 403 `Permission denied`.
 */
export function requireTaskOwner(role: CallerRole): string {
  switch (role.kind) {
    case 'admin':
      return role.username;
    case 'teamUser':
      if (!role.mayEditApps) {
        throw HTTPError.with(403, 'Permission denied');
      }
      return role.owner;
    case 'unknown':
      throw HTTPError.with(401, 'User not found');
  }
}

/** Admins by name. `*` stands for every caller with a valid token. */
export function adminList(names: Iterable<string>): CallerRoles {
  const admins = new Set(names);
  return {
    roleOf: async ({ username = '' }) =>
      adminIf(username, admins.has(username) || (admins.has('*') && username !== '')),
  };
}

/** Admins by a claim of their token that is `value`, or is a list that holds it. */
export function adminClaim(claim: string, value: string): CallerRoles {
  return {
    roleOf: async ({ username = '', claims }) => {
      const held = claims[claim];
      const isAdmin = Array.isArray(held) ? held.includes(value) : held === value;
      return adminIf(username, isAdmin && username !== '');
    },
  };
}

function adminIf(username: string, isAdmin: boolean): CallerRole {
  return isAdmin ? { kind: 'admin', username } : { kind: 'unknown' };
}
