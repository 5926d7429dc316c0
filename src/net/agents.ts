import { Agent as HTTPAgent } from 'node:http';
import { Agent as HTTPSAgent } from 'node:https';
import type { ProxyRule } from './proxy-rule.ts';

/** How connections to one server are made. */
export interface AgentOptions {
  readonly proxy: ProxyRule;
  /** Sockets kept open and requests under way at once. */
  readonly maxSockets: number;
  /** PEM certificates that are trusted in place of the system's; see {@link trustOptions}. */
  readonly ca?: string | undefined;
}

/**
 * Connection pools of node:http for one server: through the proxy its URL asks for, or directly.
 *
 * @param server any URL of the server; undefined where its host is not known beforehand (AWS itself):
 *   `*.amazonaws.com`
 */
export function agentsFor(
  server: URL | undefined,
  { proxy, maxSockets, ca }: AgentOptions,
): { readonly httpAgent: HTTPAgent; readonly httpsAgent: HTTPSAgent } {
  const url = proxy(server ?? new URL('https://s3.amazonaws.com'));
  const options = { keepAlive: true, maxSockets };
  const proxied = url === undefined ? {} : { proxyEnv: { HTTP_PROXY: url, HTTPS_PROXY: url } };
  return {
    httpAgent: new HTTPAgent({ ...options, ...proxied }),
    httpsAgent: new HTTPSAgent({ ...options, ...proxied, ...trustOptions(ca) }),
  };
}

/**
 * TLS options that trust these certificates. Each of them is an anchor, self-signed or not: `ca.crt` of
 * cert-manager may hold an intermediate, and a pinned server certificate is a leaf (RFC 5280 leaves it to the
 * relying party what an anchor is; OpenSSL asks for X509_V_FLAG_PARTIAL_CHAIN).
 */
export function trustOptions(ca: string | undefined): {
  readonly ca?: string;
  readonly allowPartialTrustChain?: true;
} {
  return ca === undefined ? {} : { ca, allowPartialTrustChain: true };
}
