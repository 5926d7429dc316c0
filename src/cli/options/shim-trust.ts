import { readFile } from 'node:fs/promises';
import type { CryptoKey } from 'jose';
import type { Logger } from 'pino';
import type { Clock } from '../../async/clock.ts';
import { RenewedValue } from '../../async/renewed-value.ts';
import { errorMessage, TerminalError } from '../../errors.ts';
import { adminClaim, adminList, type CallerRoles } from '../../shim/auth/caller-role.ts';
import { IssuerKeys } from '../../shim/auth/issuer-keys.ts';
import { JSONClient } from '../../shim/auth/json-client.ts';
import { readIssuerKeySet, readKeySet } from '../../shim/auth/key-documents.ts';
import { importSharedSecret } from '../../shim/auth/shared-secret.ts';
import type { SharedSecrets, TokenKeys, TokenRules } from '../../shim/auth/token-verifier.ts';
import { Whoami } from '../../shim/auth/whoami.ts';
import type { Environment } from './env.ts';
import type { ShimFlags } from './shim-flags.ts';

/** Secrets shorter than this can be guessed offline from one token (RFC 7518, section 3.2). */
const ADVISED_SECRET_BYTES = 32;

/** Age from which files of secrets are read again, in milliseconds: some microseconds of work. */
const SECRET_MAX_AGE_MS = 5_000;

/** Whose tokens the shim accepts, who is an admin, and warnings about it. */
export interface ShimTrust {
  readonly keys: TokenKeys;
  readonly rules: TokenRules;
  readonly callerRoles: CallerRoles;
  readonly warnings: readonly string[];
}

/**
 * Reads from flags and environment whose tokens to accept and who is an admin.
 * @throws {TerminalError} `InvalidInput` unless exactly one kind of keys and one rule for admins is given.
 */
export async function shimTrust(
  flags: ShimFlags,
  env: Environment,
  tools: { readonly clock: Clock; readonly random: () => number; readonly logger: Logger },
): Promise<ShimTrust> {
  const { keys, warnings } = await tokenKeys(flags, env, tools);
  return {
    keys,
    warnings,
    rules: tokenRules(flags, keys),
    callerRoles: callerRoles(flags, env, tools),
  };
}

async function tokenKeys(
  flags: ShimFlags,
  { jwtSecret, proxy }: Environment,
  tools: { readonly clock: Clock; readonly random: () => number; readonly logger: Logger },
): Promise<{ keys: TokenKeys; warnings: readonly string[] }> {
  const { jwtSecretFile, jwksUrl, oidc, issuer } = flags;
  const shared =
    jwtSecretFile.length > 0 || (jwtSecret !== undefined && jwksUrl === undefined && oidc === undefined);
  if ([shared, jwksUrl !== undefined, oidc === true].filter(Boolean).length !== 1) {
    throw usage(
      'Say where the keys of tokens are: exactly one of --jwt-secret-file (or JWT_SECRET), --jwks-url, --oidc.',
    );
  }
  if (shared) {
    return await sharedSecrets(jwtSecretFile, jwtSecret, tools);
  }
  if (issuer === undefined || flags.audience === undefined) {
    throw usage(
      'With --jwks-url and --oidc give --issuer and --audience: an issuer signs tokens for many services.',
    );
  }
  const client = new JSONClient(proxy);
  const read = () => (jwksUrl === undefined ? readIssuerKeySet(client, issuer) : readKeySet(client, jwksUrl));
  return { keys: { issuer: new IssuerKeys({ ...tools, read }) }, warnings: [] };
}

async function sharedSecrets(
  files: readonly string[],
  fromEnvironment: string | undefined,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<{ keys: TokenKeys; warnings: readonly string[] }> {
  const { secrets, warnings } = await readSecrets(files, fromEnvironment);
  const renewed = new RenewedValue({
    initial: secrets,
    read: async () => (await readSecrets(files, fromEnvironment)).secrets,
    maxAgeMs: SECRET_MAX_AGE_MS,
    clock,
    onProblem: (error) => {
      if (error === undefined) {
        logger.info('the shared secrets were read again');
      } else {
        const problem = errorMessage(error);
        logger.error({ problem }, 'the shared secrets cannot be read again; those read before stay in use');
      }
    },
  });
  return { keys: { secrets: () => renewed.current() }, warnings };
}

/** @throws {TerminalError} `InvalidInput` for a secret that can't be read, is empty, or is none */
async function readSecrets(
  files: readonly string[],
  fromEnvironment: string | undefined,
): Promise<{ readonly secrets: SharedSecrets; readonly warnings: readonly string[] }> {
  const given = await Promise.all(files.map(readSecret));
  if (files.length === 0 && fromEnvironment !== undefined) {
    given.push({ name: 'JWT_SECRET', bytes: new Uint8Array(Buffer.from(fromEnvironment)) });
  }
  const secrets: CryptoKey[] = [];
  const warnings: string[] = [];
  for (const { name, bytes } of given) {
    if (bytes.length === 0) {
      throw usage(`${name} is empty: everyone could sign with it.`);
    }
    if (bytes.length < ADVISED_SECRET_BYTES) {
      warnings.push(`${name} holds fewer than ${ADVISED_SECRET_BYTES} bytes: it can be guessed from a token`);
    }
    secrets.push(await importSharedSecret(bytes));
  }
  const [first, ...others] = secrets;
  if (first === undefined) {
    throw usage('Give --jwt-secret-file or JWT_SECRET.');
  }
  return { secrets: [first, ...others], warnings };
}

/** The secret of a file, without the line end that editors put there. */
async function readSecret(name: string): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }> {
  try {
    return { name, bytes: new Uint8Array(Buffer.from((await readFile(name, 'utf8')).replace(/\r?\n$/, ''))) };
  } catch (cause) {
    const said = errorMessage(cause);
    throw usage(`The secret can't be read: ${said}`, cause);
  }
}

function tokenRules(flags: ShimFlags, keys: TokenKeys): TokenRules {
  if ('secrets' in keys && flags.jwtAlgorithm !== undefined) {
    throw usage(
      '--jwt-algorithm is for public keys: a shared secret is always used with HS256, as the server does.',
    );
  }
  return {
    algorithms: 'secrets' in keys ? ['HS256'] : (flags.jwtAlgorithm ?? ['RS256']),
    issuer: flags.issuer,
    audience: flags.audience,
    usernameClaim: flags.usernameClaim,
    usernameOptional: flags.serverUrl !== undefined,
    clockToleranceSeconds: flags.clockTolerance,
    allowWithoutExpiry: flags.allowTokensWithoutExpiry === true,
  };
}

function callerRoles(
  { admin, adminClaim: rule, serverUrl }: ShimFlags,
  { proxy }: Environment,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): CallerRoles {
  if ([admin.length > 0, rule !== undefined, serverUrl !== undefined].filter(Boolean).length !== 1) {
    throw usage('Say who is an admin: exactly one of --admin, --admin-claim, --server-url.');
  }
  if (rule !== undefined) {
    return adminClaim(rule.claim, rule.value);
  }
  if (serverUrl !== undefined) {
    return new Whoami({
      url: serverUrl,
      client: new JSONClient(proxy),
      recentMs: 30_000,
      staleMs: 300_000,
      timeoutMs: 5_000,
      monotonic: () => clock.monotonic(),
      onProblem: (problem) => {
        if (problem === undefined) {
          logger.info('the server can be asked again who callers are');
        } else {
          logger.error({ problem }, 'the server cannot be asked who callers are');
        }
      },
    });
  }
  return adminList(admin);
}

function usage(message: string, cause?: unknown): TerminalError {
  return new TerminalError('InvalidInput', message, { cause });
}
