import { HTTPError } from '../http/answer.ts';

/**
 * The token of an `Authorization` header, with the server's checks in the server's order: the scheme is
 * `Bearer` in exactly this case, and white space separates exactly two words.
 * @throws {HTTPError} 401 `missing authorization header` or `invalid token format`.
 */
export function bearerToken(header: string | undefined): string {
  if (header === undefined || header === '') {
    throw HTTPError.with(401, 'missing authorization header');
  }
  const [scheme, token, ...rest] = header.split(/\s/).filter((word) => word !== '');
  if (scheme !== 'Bearer' || token === undefined || rest.length > 0) {
    throw HTTPError.with(401, 'invalid token format');
  }
  return token;
}
