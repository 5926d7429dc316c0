import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { CallerRateLimiter } from '../caller-rate-limiter.ts';
import { HTTPError, retryLater } from '../http/answer.ts';
import type { RouteName } from '../http/routes.ts';
import { routes } from '../http/routes.ts';
import { bearerToken } from './bearer.ts';
import { type CallerRoles, requireAdmin, requireTaskOwner } from './caller-role.ts';
import type { Caller, TokenVerifier } from './token-verifier.ts';

/**
 * Lets a request in: a valid token, something left of the caller's rate limit, and a right to the route, in
 * this order.
 */
export class Authorizer {
  readonly #verifier: TokenVerifier;
  readonly #callerRoles: CallerRoles;
  readonly #limiter: CallerRateLimiter;

  constructor(verifier: TokenVerifier, callerRoles: CallerRoles, limiter: CallerRateLimiter) {
    this.#verifier = verifier;
    this.#callerRoles = callerRoles;
    this.#limiter = limiter;
  }

  /**
   * The admin in whose name the request is served.
   * @throws {HTTPError} 401, 403, 429 or 503.
   */
  async admin(req: IncomingMessage, route: RouteName): Promise<string> {
    const caller = await this.#verifier.verify(bearerToken(req.headers.authorization));
    // Before the server is asked about the caller: that is the expensive part.
    const seconds = this.#limiter.take(limitedAs(caller), routes[route].cost);
    if (seconds > 0) {
      throw new HTTPError(retryLater(429, 'too many requests for this admin; slow down', seconds));
    }
    return route === 'recover'
      ? requireAdmin(await this.#callerRoles.roleOf(caller, 'current'))
      : requireTaskOwner(await this.#callerRoles.roleOf(caller, 'recent'));
  }
}

/** Who the rate limit is kept for. Users and ids that look alike are kept separate. */
function limitedAs({ username, userID, token }: Caller): string {
  return username === undefined ? `#${userID ?? hash('sha256', token, 'base64')}` : username;
}
