import type { CryptoKey } from 'jose';

/**
 * Imports an HS256 secret once, so that no request pays for it and the bytes can't be read back from the key.
 */
export async function importSharedSecret(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}
