import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import type { Authenticator } from './authenticator.ts';

/**
 * A bearer token in a file, which something else renews: read for every request, because a read costs less
 * than a refused call. Where it can't be read, the last good one is used, else the token beside it (client-go
 * transport).
 */
export class TokenFile implements Authenticator {
  readonly #path: string;
  #token: string | undefined;

  constructor(path: string, token: string | undefined) {
    this.#path = path;
    this.#token = token;
  }

  /** @throws the error of reading, when there is no token to fall back to. */
  async authenticate(options: RequestOptions): Promise<void> {
    try {
      const token = (await readFile(this.#path, 'utf8')).trim();
      if (token === '') {
        throw new Error(`the token file ${this.#path} is empty`);
      }
      this.#token = token;
    } catch (error) {
      if (this.#token === undefined) {
        throw error;
      }
    }
    options.headers = { ...options.headers, Authorization: `Bearer ${this.#token}` };
  }
}
