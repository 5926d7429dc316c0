import { createHmac } from 'node:crypto';

/** A secret that must never be seen again, anywhere: tests search all output for it. */
export const SECRET = 'canary-secret-0f3a9d7e51c24b68-never-to-be-seen';

/** Claims of the server's tokens. */
export interface Claims {
  readonly username?: unknown;
  readonly exp?: unknown;
  readonly nbf?: unknown;
  readonly iat?: unknown;
  readonly [claim: string]: unknown;
}

/** Seconds since 1970, `offset` seconds from now. */
export const inSeconds = (offset: number): number => Math.floor(Date.now() / 1000) + offset;

/** A token as the server mints it: HS256, `username`, `exp` in a day. */
export function tokenFor(username: unknown, claims: Claims = {}): string {
  return sign({ username, exp: inSeconds(86_400), ...claims });
}

/** Signs claims with HMAC, without asking whether they make sense. */
export function sign(
  claims: Claims,
  {
    secret = SECRET,
    header = {},
  }: { readonly secret?: string; readonly header?: Record<string, unknown> } = {},
): string {
  const alg = header['alg'];
  const input = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(claims)}`;
  const hash = alg === 'HS384' ? 'sha384' : alg === 'HS512' ? 'sha512' : 'sha256';
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

/** A token part. */
export function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}
