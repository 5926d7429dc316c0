import { Agent as HTTPAgent } from 'node:http';
import { Agent as HTTPSAgent } from 'node:https';
import { TerminalError } from '../errors.ts';
import { type HostResolver, resolveHost } from './dial.ts';
import { GuardedHTTPAgent, GuardedHTTPSAgent } from './guarded-agents.ts';
import type { ProxyRule } from './proxy-rule.ts';

/** How connections to one server are made. */
export interface AgentOptions {
  readonly proxy: ProxyRule;
  /** Sockets kept open and requests under way at once. */
  readonly maxSockets: number;
  /** PEM certificates that are trusted in place of the system's; see {@link trustOptions}. */
  readonly ca?: string | undefined;
  /** What may be connected to; a proxy decides for itself. Left out: everything. */
  readonly resolve?: HostResolver | undefined;
}

/**
 * Connection pools of node:http for one server: through the proxy its URL asks for, or directly.
 *
 * @param server any URL of the server
 * @throws {TerminalError} `InvalidInput` see {@link httpProxyFor}
 */
export function agentsFor(
  server: URL,
  { proxy, maxSockets, ca, resolve = resolveHost }: AgentOptions,
): { readonly httpAgent: HTTPAgent; readonly httpsAgent: HTTPSAgent } {
  const url = httpProxyFor(server, proxy);
  const options = { keepAlive: true, maxSockets };
  if (url === undefined) {
    return {
      httpAgent: new GuardedHTTPAgent(options, resolve),
      httpsAgent: new GuardedHTTPSAgent({ ...options, ...trustOptions(ca) }, resolve),
    };
  }
  const proxied = { ...options, proxyEnv: { HTTP_PROXY: url, HTTPS_PROXY: url } };
  return {
    httpAgent: new HTTPAgent(proxied),
    httpsAgent: new HTTPSAgent({ ...proxied, ...trustOptions(ca) }),
  };
}

/**
 * The HTTP proxy for a URL, or undefined where it is reached directly.
 *
 * @throws {TerminalError} `InvalidInput` where the environment names a SOCKS proxy, which Node's agents don't
 *   speak: to go past it in silence would send traffic where it is not meant to go
 */
export function httpProxyFor(url: URL, proxy: ProxyRule): string | undefined {
  const address = proxy(url);
  if (address !== undefined && !/^https?:/i.test(address)) {
    throw new TerminalError(
      'InvalidInput',
      `The proxy for ${url.host} is a SOCKS proxy, through which only the API server can be reached. ` +
        'Set HTTP_PROXY and HTTPS_PROXY to an HTTP proxy, or name the host in NO_PROXY.',
    );
  }
  return address;
}

/**
 * TLS options that trust these certificates. Each of them is an anchor, self-signed or not: `ca.crt` of
 * cert-manager may hold an intermediate, and a pinned server certificate is a leaf (RFC 5280 leaves it to the
 * relying party what an anchor is; OpenSSL asks for X509_V_FLAG_PARTIAL_CHAIN).
 *
 * @param ca PEM; undefined trusts what Node.js trusts, certificates of NODE_EXTRA_CA_CERTS among it
 */
export function trustOptions(ca: string | undefined): {
  readonly ca?: string;
  readonly allowPartialTrustChain: true;
} {
  return { ...(ca !== undefined && { ca }), allowPartialTrustChain: true };
}
