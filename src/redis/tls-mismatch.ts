import { type RecoveryError, TerminalError } from '../errors.ts';
import { type Address, dial } from '../net/dial.ts';
import type { RedisEndpoint } from './endpoint.ts';

const PROBE_TIMEOUT_MS = 2_000;

/**
 * What a lost or silent connection means when only one side speaks TLS: such a port says nothing, or hangs
 * up. Asked only after a failure, and of a standalone server only.
 *
 * @returns undefined when TLS is not what is wrong
 */
export async function tlsMismatch(
  { code }: RecoveryError,
  endpoint: RedisEndpoint,
): Promise<RecoveryError | undefined> {
  const { location, tls } = endpoint;
  if (code !== 'RedisUnreachable' || location.kind !== 'standalone') {
    return undefined;
  }
  const { address } = location;
  const where = `Redis at ${address.host}:${address.port}`;
  const speaksTLS = await answers(endpoint, address, 'tls');
  if (tls === undefined) {
    return speaksTLS
      ? new TerminalError('RedisTLS', `${where} speaks TLS. Use rediss://, or set redis.tls of the target.`)
      : undefined;
  }
  return !speaksTLS && (await answers(endpoint, address, 'tcp'))
    ? new TerminalError(
        'RedisTLS',
        `${where} accepts connections and does not answer the TLS handshake. Use its TLS port, or leave out TLS.`,
      )
    : undefined;
}

/** Whether a TCP connection, or a TLS handshake, is answered. */
async function answers(
  { resolve }: RedisEndpoint,
  address: Address,
  protocol: 'tcp' | 'tls',
): Promise<boolean> {
  // Only whether TLS is spoken is asked: nothing is sent, so no certificate needs to be believed.
  const tls = protocol === 'tls' ? { rejectUnauthorized: false } : undefined;
  const socket = await dial(address, { resolve, tls, timeoutMs: PROBE_TIMEOUT_MS }).catch(() => undefined);
  if (socket === undefined) {
    return false;
  }
  const answer = Promise.withResolvers<boolean>();
  socket.once(protocol === 'tls' ? 'secureConnect' : 'connect', () => answer.resolve(true));
  socket.setTimeout(PROBE_TIMEOUT_MS, () => answer.resolve(false));
  socket.on('error', () => answer.resolve(false));
  socket.on('close', () => answer.resolve(false));
  return answer.promise.finally(() => socket.destroy());
}
