import { hash } from 'node:crypto';
import { type CryptoKey, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { HTTPError } from '../http/answer.ts';
import type { IssuerKeys } from './issuer-keys.ts';

/** The holder of a valid token. */
export interface Caller {
  /**
   * The admin or team user, spelled as on the server; undefined when the token leaves it to the server to
   * say.
   */
  readonly username: string | undefined;
  /** The server's id of the user, if the token has that instead. */
  readonly userID: string | undefined;
  /**
   * Whether the token says that this user is an admin, true, or a team user, false; undefined when it says
   * neither.
   */
  readonly isAdmin: boolean | undefined;
  /** All claims of the token, verified. */
  readonly claims: JWTPayload;
  /** The token itself, to ask the server with. Never logged. */
  readonly token: string;
}

/** What makes a token valid. */
export interface TokenRules {
  /**
   * Signature algorithms that are accepted; a token that names another one is refused before any key is
   * looked up.
   */
  readonly algorithms: readonly string[];
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** Which claim holds the username; the server's tokens use `username`. */
  readonly usernameClaim: string;
  /**
   * Whether a token may leave the username out, as those of newer servers do, because the server is asked for
   * it.
   */
  readonly usernameOptional: boolean;
  /** How far clocks may be apart, 0 to 60 seconds. */
  readonly clockToleranceSeconds: number;
  /** The server accepts tokens that never expire; the shim does so only when configured to. */
  readonly allowWithoutExpiry: boolean;
}

/** At least one: without a secret nothing can be verified. */
export type SharedSecrets = readonly [CryptoKey, ...CryptoKey[]];

/**
 * Where the keys come from: several shared secrets while one is rotated, or a key set looked up by the
 * token's key id.
 */
export type TokenKeys = { readonly secrets: () => Promise<SharedSecrets> } | { readonly issuer: IssuerKeys };

/**
 * How long a verified token is remembered, in milliseconds: a key that its issuer takes back is refused after
 * that.
 */
const REMEMBER_MS = 30_000;

/**
 * Tokens remembered at most; the oldest goes first. Only verified ones are, so only a holder of the keys can
 * fill this.
 */
const MAX_REMEMBERED = 1_000;

/** Longer tokens are verified every time instead of being kept. */
const MAX_REMEMBERED_LENGTH = 4_096;

interface RememberedCaller {
  readonly caller: Caller;
  /** By the wall clock, in milliseconds: when the token expires, or when it has to be verified again. */
  readonly until: number;
  readonly since: number;
}

/** Verifies bearer tokens. Texts of refusals are the server's where the server has one. */
export class TokenVerifier {
  readonly #keys: TokenKeys;
  readonly #rules: TokenRules;
  readonly #options: JWTVerifyOptions;
  readonly #now: () => Date;
  /**
   * SHA-256 of the token → its caller. A task is polled with one token many times; its signature does not
   * change.
   */
  readonly #remembered = new Map<string, RememberedCaller>();

  constructor(keys: TokenKeys, rules: TokenRules, now: () => Date) {
    this.#keys = keys;
    this.#rules = rules;
    this.#now = now;
    this.#options = {
      algorithms: [...rules.algorithms],
      clockTolerance: rules.clockToleranceSeconds,
      requiredClaims: rules.allowWithoutExpiry ? [] : ['exp'],
      ...(rules.issuer !== undefined && { issuer: rules.issuer }),
      ...(rules.audience !== undefined && { audience: rules.audience }),
    };
  }

  /**
   * The caller a token speaks for.
   * @throws {HTTPError} 401 with the reason, or 503 when the key set can't be fetched.
   */
  async verify(token: string): Promise<Caller> {
    const key = hash('sha256', token, 'base64');
    const remembered = this.#remembered.get(key);
    const nowMs = this.#now().getTime();
    // The wall clock may have been corrected: a time that is not between the two says nothing.
    if (remembered !== undefined && remembered.since <= nowMs && nowMs < remembered.until) {
      return remembered.caller;
    }
    this.#remembered.delete(key);
    const caller = await this.#verifyNow(token);
    this.#remember(key, caller);
    return caller;
  }

  #remember(key: string, caller: Caller): void {
    if (caller.token.length > MAX_REMEMBERED_LENGTH) {
      return;
    }
    const since = this.#now().getTime();
    const { exp = Number.POSITIVE_INFINITY } = caller.claims;
    this.#remembered.set(key, { caller, since, until: Math.min(since + REMEMBER_MS, exp * 1000) });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= MAX_REMEMBERED) {
        break;
      }
      this.#remembered.delete(oldest);
    }
  }

  async #verifyNow(token: string): Promise<Caller> {
    const claims = await this.#claims(token);
    const now = this.#now().getTime() / 1000;
    // Go's jwt library refuses a token from the future; jose looks at `iat` only when a maximum age is asked
    // for.
    const { iat = now } = claims;
    if (iat > now + this.#rules.clockToleranceSeconds) {
      throw HTTPError.with(401, 'invalid or expired token');
    }
    const { usernameClaim, usernameOptional } = this.#rules;
    const username = claims[usernameClaim];
    if (typeof username !== 'string' && !(usernameOptional && username === undefined)) {
      throw HTTPError.with(401, `${usernameClaim} not found in claims`);
    }
    const user = username === undefined ? userIn(claims) : { userID: undefined, isAdmin: undefined };
    return { username, ...user, claims, token };
  }

  async #claims(token: string): Promise<JWTPayload> {
    const options = { ...this.#options, currentDate: this.#now() };
    try {
      if ('issuer' in this.#keys) {
        return (await jwtVerify(token, this.#keys.issuer.find, options)).payload;
      }
      return await verifyWithAny(token, await this.#keys.secrets(), options);
    } catch (error) {
      throw refusalOf(token, error);
    }
  }
}

/** The key id in a token's header plays no part: it is the sender's word, and the secrets are few. */
async function verifyWithAny(
  token: string,
  [secret, ...others]: SharedSecrets,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, secret, options)).payload;
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || !(error instanceof errors.JWSSignatureVerificationFailed)) {
      throw error;
    }
    return await verifyWithAny(token, [next, ...rest], options);
  }
}

/** The user's id and type, which tokens of newer servers hold instead of a name. */
function userIn({ user_id: id, user_type: type, sub }: JWTPayload): Pick<Caller, 'userID' | 'isAdmin'> {
  return {
    userID: typeof id === 'string' ? id : sub,
    isAdmin: typeof type === 'string' ? type === 'admin' : undefined,
  };
}

/** Prefix of the server's API tokens, which are no JWTs and are valid on no TUF route. */
const API_TOKEN_PREFIX = 'fns_';

/**
 * Says a verification failure in the server's words (`AuthMiddleware`). Anything that is not one is thrown as
 * it is.
 */
function refusalOf(token: string, error: unknown): unknown {
  if (!(error instanceof errors.JOSEError)) {
    return error;
  }
  const text = token.startsWith(API_TOKEN_PREFIX) ? 'invalid or expired token' : textOf(error);
  return HTTPError.with(401, text, { cause: error });
}

function textOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) {
    return 'token expired';
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return textOfClaim(error);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'invalid token signature';
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return 'malformed token';
  }
  // Another algorithm than the pinned ones, an unknown critical header, no key of that id.
  return 'unverifiable token';
}

function textOfClaim({ claim, reason }: errors.JWTClaimValidationFailed): string {
  switch (claim) {
    case 'exp':
      return reason === 'missing'
        ? 'token has no expiry (exp): tokens that never expire are not accepted here; log in again for one that does'
        : 'token expired';
    case 'nbf':
      return 'token not active yet';
    default:
      return 'invalid or expired token';
  }
}
