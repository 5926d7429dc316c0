import { Refusal } from '../http/answer.ts';
import type { Caller } from './token-verifier.ts';

/** What a caller is on the server. */
export type Standing =
  | { readonly kind: 'admin' }
  /** Works for the admin `owner`. */
  | { readonly kind: 'teamUser'; readonly owner: string; readonly mayEditApps: boolean }
  | { readonly kind: 'unknown' };

/** Knows what callers are. One per shim: a list, a claim, or the server itself. */
export interface StandingSource {
  /** @throws {Refusal} 503 when it can't be found out now. */
  standingOf(caller: Caller): Promise<Standing>;
}

/** What a BootstrapRecovery can hold as adminName; nobody else can be an admin here. */
const ADMIN_NAME = /^[^\p{Cc}]{1,253}$/u;

/**
 * The admin who may start a recovery: the caller, if an admin (the server's `AdminOnlyMiddleware`).
 * @throws {Refusal} 403 `Admin access required`.
 */
export function requireAdmin(caller: Caller, standing: Standing): string {
  if (standing.kind !== 'admin' || !ADMIN_NAME.test(caller.username)) {
    throw Refusal.with(403, 'Admin access required');
  }
  return caller.username;
}

/**
 * The admin whose tasks the caller may read: the caller itself, or the owner of a team user who may edit apps (the server's
 * `CheckPermission` and `ResolveOwnerMiddleware`).
 * @throws {Refusal} 401 `User not found`, 403 `Permission denied`.
 */
export function requireTaskReader(caller: Caller, standing: Standing): string {
  switch (standing.kind) {
    case 'admin':
      return caller.username;
    case 'teamUser':
      if (!standing.mayEditApps) {
        throw Refusal.with(403, 'Permission denied');
      }
      return standing.owner;
    case 'unknown':
      throw Refusal.with(401, 'User not found');
  }
}

/** Admins by name. `*` stands for everybody who holds a valid token. */
export function adminList(names: Iterable<string>): StandingSource {
  const admins = new Set(names);
  return {
    standingOf: async ({ username }) =>
      admins.has(username) || (admins.has('*') && username !== '') ? { kind: 'admin' } : { kind: 'unknown' },
  };
}

/** Admins by a claim of their token that is `value`, or is a list that holds it. */
export function adminClaim(claim: string, value: string): StandingSource {
  return {
    standingOf: async ({ username, claims }) => {
      const held = claims[claim];
      const isAdmin = Array.isArray(held) ? held.includes(value) : held === value;
      return isAdmin && username !== '' ? { kind: 'admin' } : { kind: 'unknown' };
    },
  };
}
