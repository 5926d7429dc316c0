import {
  type CryptoKey,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { Refusal } from '../http/answer.ts';

/** Somebody a valid token speaks for. */
export interface Caller {
  /** The admin or team user, spelled as on the server. */
  readonly username: string;
  /** All claims of the token, verified. */
  readonly claims: JWTPayload;
  /** The token itself, to ask the server with. Never logged. */
  readonly token: string;
}

/** What makes a token valid. */
export interface TokenRules {
  /** Signature algorithms that are accepted; a token that names another one is refused before any key is looked up. */
  readonly algorithms: readonly string[];
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** Which claim holds the username; the server's tokens use `username`. */
  readonly usernameClaim: string;
  /** How far clocks may be apart, 0 to 60 seconds. */
  readonly clockToleranceSeconds: number;
  /** The server accepts tokens that never expire; the shim does so only when told to. */
  readonly allowWithoutExpiry: boolean;
}

/** Where the keys come from: several shared secrets while one is rotated, or a key set looked up by the token's key id. */
export type TokenKeys =
  | { readonly secrets: readonly [CryptoKey, ...CryptoKey[]] }
  | { readonly keySet: JWTVerifyGetKey };

/** Verifies bearer tokens. Texts of refusals are the server's where the server has one. */
export class TokenVerifier {
  readonly #keys: TokenKeys;
  readonly #rules: TokenRules;
  readonly #options: JWTVerifyOptions;
  readonly #now: () => Date;

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
   * @throws {Refusal} 401 with the reason, or 503 when the key set can't be fetched.
   */
  async verify(token: string): Promise<Caller> {
    const claims = await this.#claims(token);
    const now = this.#now().getTime() / 1000;
    // Go's jwt library refuses a token from the future; jose looks at `iat` only when a maximum age is asked for.
    if (claims.iat !== undefined && claims.iat > now + this.#rules.clockToleranceSeconds) {
      throw Refusal.with(401, 'invalid or expired token');
    }
    const username = claims[this.#rules.usernameClaim];
    if (typeof username !== 'string') {
      throw Refusal.with(401, `${this.#rules.usernameClaim} not found in claims`);
    }
    return { username, claims, token };
  }

  async #claims(token: string): Promise<JWTPayload> {
    const options = { ...this.#options, currentDate: this.#now() };
    try {
      if ('keySet' in this.#keys) {
        return (await jwtVerify(token, this.#keys.keySet, options)).payload;
      }
      return await verifyWithAny(token, this.#keys.secrets, options);
    } catch (error) {
      throw refusalOf(token, error);
    }
  }
}

/** The key id in a token's header plays no part: it is the sender's word, and the secrets are few. */
async function verifyWithAny(
  token: string,
  [secret, ...others]: readonly [CryptoKey, ...CryptoKey[]],
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

/** Prefix of the server's API tokens, which are no JWTs and are valid on no TUF route. */
const API_TOKEN_PREFIX = 'fns_';

/** Says a verification failure in the server's words (`AuthMiddleware`). Anything that is not one is thrown as it is. */
function refusalOf(token: string, error: unknown): unknown {
  if (!(error instanceof errors.JOSEError)) {
    return error;
  }
  const text = token.startsWith(API_TOKEN_PREFIX) ? 'invalid or expired token' : textOf(error);
  return Refusal.with(401, text, { cause: error });
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
  // Another algorithm than the pinned ones, a critical header nobody knows, no key of that id.
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
