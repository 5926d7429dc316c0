import type { IncomingMessage } from 'node:http';
import { Refusal, retryLater } from '../http/answer.ts';
import type { RouteName } from '../http/routes.ts';
import { routes } from '../http/routes.ts';
import type { RateLimiter } from '../rate-limiter.ts';
import { bearerToken } from './bearer.ts';
import { requireAdmin, requireTaskReader, type StandingSource } from './caller-role.ts';
import type { TokenVerifier } from './token-verifier.ts';

/** Lets a request in: a valid token, a right to the route, and something left of the rate limit, in this order. */
export class Access {
  readonly #verifier: TokenVerifier;
  readonly #standings: StandingSource;
  readonly #limiter: RateLimiter;

  constructor(verifier: TokenVerifier, standings: StandingSource, limiter: RateLimiter) {
    this.#verifier = verifier;
    this.#standings = standings;
    this.#limiter = limiter;
  }

  /**
   * The admin in whose name the request is served.
   * @throws {Refusal} 401, 403, 429 or 503.
   */
  async admin(req: IncomingMessage, route: RouteName): Promise<string> {
    const caller = await this.#verifier.verify(bearerToken(req.headers.authorization));
    const standing = await this.#standings.standingOf(caller);
    const admin = route === 'recover' ? requireAdmin(caller, standing) : requireTaskReader(caller, standing);
    const seconds = this.#limiter.take(admin, routes[route].cost);
    if (seconds > 0) {
      throw new Refusal(retryLater(429, 'too many requests for this admin; slow down', seconds));
    }
    return admin;
  }
}
