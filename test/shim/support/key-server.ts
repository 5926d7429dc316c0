import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import { inSeconds } from './tokens.ts';

/** An OpenID Connect issuer with one RSA key: discovery document, key set, tokens. */
export interface KeyServer extends AsyncDisposable {
  readonly issuer: string;
  readonly keySetURL: URL;
  /** The public part of the key. */
  readonly publicKeyPEM: string;
  readonly publicJWK: JWK;
  /** How often the key set was fetched. */
  readonly fetches: () => number;
  /** A token of this issuer; claims and header can be set to anything. */
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

/** Audience of the tokens. */
export const AUDIENCE = 'tuf-recovery';

export async function startKeyServer(): Promise<KeyServer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const publicJWK = { ...(await exportJWK(publicKey)), kid: 'the-key', alg: 'RS256', use: 'sig' };
  let fetches = 0;
  let issuer = '';
  const server: Server = createServer((req, res) => {
    const isDiscovery = req.url === '/.well-known/openid-configuration';
    fetches += isDiscovery ? 0 : 1;
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: [publicJWK] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address with a port.
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    keySetURL: new URL(`${issuer}/keys`),
    publicKeyPEM: await exportSPKI(publicKey),
    publicJWK,
    fetches: () => fetches,
    token: async (claims = {}, header = {}) =>
      await new SignJWT({ username: 'alice', iss: issuer, aud: AUDIENCE, exp: inSeconds(600), ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'the-key', ...header })
        .sign(privateKey),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
