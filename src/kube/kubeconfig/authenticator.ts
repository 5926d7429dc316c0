import type { RequestOptions } from 'node:https';

/** Adds credentials to a request. */
export interface Authenticator {
  /** @throws {Error} when there are none, with the reason; it never quotes a credential. */
  authenticate(options: RequestOptions): Promise<void>;
}
