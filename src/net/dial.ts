import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { connect as connectTCP, type LookupFunction, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTLS } from 'node:tls';
import { within } from '../async/within.ts';

/** A host and a TCP port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where a URL leads; the port is that of its scheme where it names none. */
export function addressOf({ hostname, port, protocol }: URL): Address {
  return { host: bareHost(hostname), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

/** A host without the brackets in which URLs write an IPv6 address. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/**
 * The addresses of a host at this moment; for an address that address. Rejects with the error of getaddrinfo
 * for a name that does not resolve, and with a `TerminalError` for a host that must not be connected to.
 */
export type HostResolver = (host: string, port: number) => Promise<readonly LookupAddress[]>;

/** Resolves as every program of the machine does, and allows everything. */
export const resolveHost: HostResolver = (host) => lookup(host, { all: true });

/** A lookup for sockets that answers with addresses that were resolved before. */
export function lookupOf(addresses: readonly LookupAddress[]): LookupFunction {
  return (host, { all }, callback) => {
    const [first] = addresses;
    if (first === undefined) {
      const error = new Error(`lookup ${host} ENOTFOUND`);
      callback(Object.assign(error, { code: 'ENOTFOUND', hostname: host }), '');
    } else if (all === true) {
      callback(null, [...addresses]);
    } else {
      callback(null, first.address, first.family);
    }
  };
}

/** Options of {@link dial}. */
export interface DialOptions {
  readonly resolve?: HostResolver | undefined;
  /** Speak TLS; undefined: plain TCP. */
  readonly tls?: ConnectionOptions | undefined;
  /** Milliseconds for the name to resolve. */
  readonly timeoutMs: number;
}

/**
 * A socket that is connecting to an address, and to nothing but what the resolver has just allowed: a name
 * that resolves to something else a moment later, or that another server has named, gets no way around it.
 */
export async function dial(
  { host, port }: Address,
  { resolve = resolveHost, tls, timeoutMs }: DialOptions,
): Promise<Socket> {
  const addresses = await within(timeoutMs, resolve(host, port), () => lookupTimedOut(host));
  const options = { ...tls, host, port, lookup: lookupOf(addresses) };
  return tls === undefined ? connectTCP(options) : connectTLS(options);
}

/** DNS may take half a minute to give up. The error is that of a connection that takes too long. */
function lookupTimedOut(host: string): Error {
  const error = new Error(`lookup ${host} ETIMEDOUT`);
  return Object.assign(error, { code: 'ETIMEDOUT', syscall: 'getaddrinfo' });
}
