import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';

/** Who logs in where. */
export interface Login {
  readonly url: URL;
  readonly adminName: string;
  readonly password: string;
}

/** Longest time a token is kept, in milliseconds: a password that was changed must not count for long. */
const MAX_KEPT_MS = 600_000;
/** A token is not used for this long before it expires, in milliseconds. */
const MARGIN_MS = 60_000;
/** Tokens kept at most; the oldest goes first. */
const MAX_TOKENS = 1_000;

/**
 * Tokens that logins returned. One serves every call for some minutes: servers after 2.1.0 allow five logins
 * of an admin in a minute, and a task is polled more often than that.
 */
export class LoginTokens {
  readonly #kept = new Map<string, { readonly token: string; readonly until: number }>();

  /** A token of an earlier login with the same password, when it is still good. */
  find(login: Login, now: Date): string | undefined {
    const kept = this.#kept.get(keyOf(login));
    return kept !== undefined && now.getTime() < kept.until ? kept.token : undefined;
  }

  keep(login: Login, token: string, now: Date): void {
    const until = Math.min(now.getTime() + MAX_KEPT_MS, expiryOf(token) - MARGIN_MS);
    this.drop(login);
    this.#kept.set(keyOf(login), { token, until });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_TOKENS) {
        break;
      }
      this.#kept.delete(oldest);
    }
  }

  drop(login: Login): void {
    this.#kept.delete(keyOf(login));
  }
}

/** A digest: no password outlives the call it was read for. */
function keyOf({ url, adminName, password }: Login): string {
  return createHash('sha256')
    .update(JSON.stringify([url.href, adminName, password]))
    .digest('base64');
}

/** Milliseconds since the epoch; infinite for a token that does not say. */
function expiryOf(token: string): number {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? Number.POSITIVE_INFINITY : exp * 1000;
  } catch {
    // No JWT: the server knows when it ends.
    return Number.POSITIVE_INFINITY;
  }
}
