import { BlockList, isIP } from 'node:net';
import { TerminalError } from '../errors.ts';

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY as every program of the cluster reads them. */
export interface ProxySettings {
  /** Proxy for `http:` URLs. */
  readonly httpProxy?: string | undefined;
  /** Proxy for `https:` URLs. */
  readonly httpsProxy?: string | undefined;
  /** Hosts that are reached directly: see {@link proxyRule}. */
  readonly noProxy?: string | undefined;
}

/** The proxy for a URL, or undefined where it is reached directly. */
export type ProxyRule = (url: URL) => string | undefined;

/** No proxy for anything. */
export const DIRECT: ProxyRule = () => undefined;

type Exception = (host: string, port: string) => boolean;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
/** A proxy by SOCKS leads to the API server only: see {@link agentsFor}. */
const PROXY_SCHEME = /^(https?|socks5h?):$/;
/** More entries than any real NO_PROXY has; what follows them is ignored. */
const MAX_EXCEPTIONS = 4096;

/**
 * Decides as Go's HTTP client, and so kubectl and every controller beside us, does
 * (golang.org/x/net/http/httpproxy): localhost and loopback addresses are always direct; an entry of NO_PROXY
 * is `*`, an address, a CIDR range, `example.com` (and its subdomains) or `.example.com` (subdomains only),
 * each but a range with an optional `:port`. A proxy without a scheme is an HTTP proxy.
 *
 * @throws {TerminalError} `InvalidInput` for a proxy that is no URL, or none of a kind that there is
 */
export function proxyRule({ httpProxy, httpsProxy, noProxy = '' }: ProxySettings): ProxyRule {
  if (!httpProxy && !httpsProxy) {
    return DIRECT;
  }
  assertProxy('HTTP_PROXY', httpProxy);
  assertProxy('HTTPS_PROXY', httpsProxy);
  const exceptions = noProxy
    .split(',', MAX_EXCEPTIONS)
    .flatMap((entry) => exceptionOf(entry.trim().toLowerCase()));
  return (url) => {
    const proxy = url.protocol === 'https:' ? httpsProxy : url.protocol === 'http:' ? httpProxy : undefined;
    if (!proxy) {
      return undefined;
    }
    const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
    const port = url.port || (DEFAULT_PORTS[url.protocol] ?? '');
    if (isLoopback(host) || exceptions.some((exception) => exception(host, port))) {
      return undefined;
    }
    return withScheme(proxy);
  };
}

function withScheme(proxy: string): string {
  return /^[a-z0-9+.-]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

/** Its text may hold a password, so it is not repeated. */
function assertProxy(variable: string, proxy: string | undefined): void {
  const url = proxy ? URL.parse(withScheme(proxy)) : undefined;
  const example = 'Set it to a URL such as http://proxy.example.com:3128.';
  if (url === null) {
    throw new TerminalError('InvalidInput', `${variable} is no URL. ${example}`);
  }
  if (url !== undefined && !PROXY_SCHEME.test(url.protocol)) {
    throw new TerminalError('InvalidInput', `${variable} is none of http, https and socks5. ${example}`);
  }
}

function exceptionOf(entry: string): Exception[] {
  if (entry === '') {
    return [];
  }
  if (entry === '*') {
    return [() => true];
  }
  const range = /^(.+)\/(\d{1,3})$/.exec(entry);
  if (range !== null) {
    return rangeException(range[1] ?? '', Number(range[2]));
  }
  const { host, port } = splitPort(entry);
  const isPort: (actual: string) => boolean = port === undefined ? () => true : (actual) => actual === port;
  if (isIP(host) !== 0) {
    const same = addresses(host, isIP(host) === 4 ? 32 : 128);
    return [(actual, actualPort) => isPort(actualPort) && same(actual)];
  }
  const name = host.replace(/^\*\./, '.');
  return name.startsWith('.')
    ? [(actual, actualPort) => isPort(actualPort) && actual.endsWith(name)]
    : [(actual, actualPort) => isPort(actualPort) && (actual === name || actual.endsWith(`.${name}`))];
}

function rangeException(address: string, prefix: number): Exception[] {
  const family = isIP(address);
  if (family === 0 || prefix > (family === 4 ? 32 : 128)) {
    return [];
  }
  return [addresses(address, prefix)];
}

function addresses(address: string, prefix: number): (host: string) => boolean {
  const list = new BlockList();
  list.addSubnet(address, prefix, familyOf(address));
  return (host) => isIP(host) !== 0 && list.check(host, familyOf(host));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/** `host:port`, `[::1]:port`, `[::1]`, or a bare host, which may be an IPv6 address. */
function splitPort(entry: string): { readonly host: string; readonly port?: string } {
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  const host = bracketed ?? plain ?? entry;
  return port === undefined ? { host } : { host, port };
}

const LOOPBACK = addresses('127.0.0.0', 8);

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || LOOPBACK(host);
}
