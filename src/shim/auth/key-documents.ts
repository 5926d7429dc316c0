import type { JSONWebKeySet } from 'jose';
import * as z from 'zod';
import { fetchProblem, type JSONAnswer, type JSONClient, UnexpectedAnswerError } from './json-client.ts';

/**
 * Keys that can't be had from an issuer now, or ever as the shim is configured. The message names the address
 * and the reason.
 */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
  /** True when trying again won't help: the address, the issuer or the document is wrong. */
  readonly isPermanent: boolean;

  constructor(message: string, isPermanent: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isPermanent = isPermanent;
  }
}

/** A key document is a few kilobytes; more is none. */
const limits = { timeoutMs: 5_000, maxBytes: 256 * 1024 };

const discoveryDocument = z.object({
  issuer: z.string().max(2_048),
  jwks_uri: z.url({ protocol: /^https?$/ }),
});

const keySetDocument = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

/**
 * Reads the keys of a JWKS document (RFC 7517, section 5).
 * @throws {KeysUnavailableError}
 */
export async function readKeySet(client: JSONClient, url: URL): Promise<JSONWebKeySet> {
  const document = keySetDocument.safeParse(await read(client, url, 'check --jwks-url'));
  if (!document.success) {
    throw new KeysUnavailableError(`${url} is not a JWKS document with keys: check the address`, true);
  }
  return document.data;
}

/**
 * Reads the keys of an OpenID Connect issuer, found through its discovery document (OpenID Connect Discovery
 * 1.0, section 4), which must name the issuer itself (section 4.3).
 * @throws {KeysUnavailableError}
 */
export async function readIssuerKeySet(client: JSONClient, issuer: string): Promise<JSONWebKeySet> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const url = URL.parse(address);
  if (url === null) {
    throw new KeysUnavailableError(`${issuer} is not the URL of an issuer: check --issuer`, true);
  }
  const document = discoveryDocument.safeParse(await read(client, url, 'check --issuer'));
  if (!document.success) {
    throw new KeysUnavailableError(
      `${url} is not an OpenID Connect discovery document: check --issuer`,
      true,
    );
  }
  const { issuer: own, jwks_uri: keys } = document.data;
  if (own !== issuer) {
    const message = `${url} names the issuer ${own}, not ${issuer}: give --issuer exactly as the issuer writes it`;
    throw new KeysUnavailableError(message, true);
  }
  return await readKeySet(client, new URL(keys));
}

async function read(client: JSONClient, url: URL, advice: string): Promise<unknown> {
  let answer: JSONAnswer;
  try {
    answer = await client.get(url, limits);
  } catch (cause) {
    throw new KeysUnavailableError(fetchProblem(url, cause), cause instanceof UnexpectedAnswerError, {
      cause,
    });
  }
  const { status, body } = answer;
  if (status !== 200) {
    const isPermanent = status >= 300 && status < 500 && status !== 408 && status !== 429;
    throw new KeysUnavailableError(
      `${url} answered ${status}${isPermanent ? `: ${advice}` : ''}`,
      isPermanent,
    );
  }
  return body;
}
