import { type CryptoKey, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { Refusal, retryLater } from '../http/answer.ts';

/** Imports an HS256 secret once, so that no request pays for it and the bytes can't be read back from the key. */
export async function sharedSecret(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

/** Longest a fetch of keys or of the discovery document may take, in milliseconds. */
const FETCH_TIMEOUT_MS = 5_000;

/**
 * The keys of a JWKS document. Fetched when first needed, kept for ten minutes, and fetched again for an unknown key id at
 * most every 30 seconds, so that invented key ids cost the issuer nothing.
 */
export function remoteKeySet(url: URL): JWTVerifyGetKey {
  const keySet = createRemoteJWKSet(url, {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
  });
  return orUnavailable(async (header, token) => await keySet(header, token));
}

const discoveryDocument = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

/**
 * The keys of an OpenID Connect issuer, found through its discovery document (OpenID Connect Discovery 1.0, section 4). The
 * document is read when first needed and again after a failure; it must name the issuer itself (section 4.3).
 */
export function discoveredKeySet(issuer: string): JWTVerifyGetKey {
  let keySet: Promise<JWTVerifyGetKey> | undefined;
  return orUnavailable(async (header, token) => {
    keySet ??= discover(issuer).catch((error: unknown) => {
      keySet = undefined;
      throw error;
    });
    return await (await keySet)(header, token);
  });
}

/** Failing to get the keys says nothing about the token, so the answer is 503, not 401. */
function orUnavailable(keySet: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await keySet(header, token);
    } catch (error) {
      if (error instanceof Refusal || aboutTheToken.some((type) => error instanceof type)) {
        throw error;
      }
      const text = 'the signing keys of the token issuer cannot be fetched; try again';
      throw new Refusal(retryLater(503, text, 5), { cause: error });
    }
  };
}

/** What a key set says when it was read and holds no key for the token. */
const aboutTheToken = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];

async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'error' });
  if (!response.ok) {
    throw new Error(`${url} answered ${response.status}: check the issuer`);
  }
  const document = discoveryDocument.parse(await response.json());
  if (document.issuer !== issuer) {
    throw new Error(
      `${url} speaks for another issuer, ${document.issuer}: configure exactly the issuer's own spelling`,
    );
  }
  return remoteKeySet(new URL(document.jwks_uri));
}
