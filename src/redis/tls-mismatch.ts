import { connect as connectTCP } from 'node:net';
import { connect as connectTLS } from 'node:tls';
import { type RecoveryError, TerminalError } from '../errors.ts';
import type { Address, RedisEndpoint } from './endpoint.ts';

const PROBE_TIMEOUT_MS = 2_000;

/**
 * What a lost or silent connection means when only one side speaks TLS: such a port says nothing, or hangs
 * up. Asked only after a failure, and of a standalone server only.
 *
 * @returns undefined when TLS is not what is wrong
 */
export async function tlsMismatch(
  { code }: RecoveryError,
  { location, tls }: RedisEndpoint,
): Promise<RecoveryError | undefined> {
  if (code !== 'RedisUnreachable' || location.kind !== 'standalone') {
    return undefined;
  }
  const { address } = location;
  const where = `Redis at ${address.host}:${address.port}`;
  const speaksTLS = await answers(address, 'tls');
  if (tls === undefined) {
    return speaksTLS
      ? new TerminalError('RedisTLS', `${where} speaks TLS. Use rediss://, or set redis.tls of the target.`)
      : undefined;
  }
  return !speaksTLS && (await answers(address, 'tcp'))
    ? new TerminalError(
        'RedisTLS',
        `${where} accepts connections and does not answer the TLS handshake. Use its TLS port, or leave out TLS.`,
      )
    : undefined;
}

/** Whether a TCP connection, or a TLS handshake, is answered. */
function answers({ host, port }: Address, protocol: 'tcp' | 'tls'): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket =
    protocol === 'tcp'
      ? connectTCP({ host, port }, () => resolve(true))
      : // Only whether TLS is spoken is asked: nothing is sent, so no certificate needs to be believed.
        connectTLS({ host, port, rejectUnauthorized: false }, () => resolve(true));
  socket.setTimeout(PROBE_TIMEOUT_MS, () => resolve(false));
  socket.on('error', () => resolve(false));
  socket.on('close', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
