import { Redis, type RedisOptions } from 'ioredis';
import type { RecoveryError } from '../errors.ts';
import { trustOptions } from '../net/agents.ts';
import { describeEndpoint, type RedisEndpoint } from './endpoint.ts';
import { redisError } from './errors.ts';
import { tlsMismatch } from './tls-mismatch.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/** An open connection. */
export interface OpenConnection {
  readonly client: Redis;
  /**
   * Why it broke, when it did: commands in flight only learn "Connection is closed". Under TLS 1.3 this is
   * also how a server refuses a client certificate, after the handshake has succeeded in the client's eyes.
   */
  brokenBy(): unknown;
}

/**
 * Opens ONE connection that never reconnects, never queues and never resends. ioredis would otherwise send a
 * script whose reply was lost a second time; here a lost reply is an error, and the caller looks before it
 * acts again.
 *
 * @throws TransientError or TerminalError of the Redis taxonomy
 */
export async function connectToRedis(endpoint: RedisEndpoint): Promise<OpenConnection> {
  const client = new Redis({ ...options(endpoint), replyMapping: 'legacy' });
  let cause: unknown;
  client.on('error', (error) => {
    cause = error;
  });
  try {
    await client.connect();
    // ioredis would swallow a refused SELECT of its own and go on in database 0.
    if (endpoint.db) {
      await client.select(endpoint.db);
    }
    return { client, brokenBy: () => cause };
  } catch (error) {
    client.disconnect();
    const failure = asRedisError(cause ?? error, endpoint);
    throw (await tlsMismatch(failure, endpoint)) ?? failure;
  }
}

/** {@link redisError} for one endpoint. */
export function asRedisError(error: unknown, endpoint: RedisEndpoint): RecoveryError {
  return redisError(error, {
    where: describeEndpoint(endpoint),
    behindSentinel: endpoint.location.kind === 'sentinel',
    nameScope: endpoint.nameScope,
  });
}

function options(endpoint: RedisEndpoint): RedisOptions {
  const { location, username, password, connectTimeoutMs = CONNECT_TIMEOUT_MS } = endpoint;
  const tls = tlsOptions(endpoint);
  return {
    ...(location.kind === 'standalone'
      ? { host: location.address.host, port: location.address.port }
      : {
          sentinels: location.sentinels.map(({ host, port }) => ({ host, port })),
          name: location.master,
          sentinelRetryStrategy: () => null,
          sentinelCommandTimeout: connectTimeoutMs,
          ...(location.username === undefined ? {} : { sentinelUsername: location.username }),
          ...(location.password === undefined ? {} : { sentinelPassword: location.password }),
          ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
        }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    connectTimeout: connectTimeoutMs,
    lazyConnect: true,
    retryStrategy: () => null,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    // INFO and CLIENT SETINFO, which the minimal ACL need not grant. LOADING shows in the first real answer.
    enableReadyCheck: false,
    disableClientInfo: true,
    // No HELLO: one round trip less, and proxies that speak only RESP2 work.
    protocol: 2,
  };
}

function tlsOptions({ tls }: RedisEndpoint): NonNullable<RedisOptions['tls']> | undefined {
  if (tls === undefined) {
    return undefined;
  }
  const { ca, cert, key, serverName } = tls;
  return {
    ...trustOptions(ca),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
