import { Redis, type RedisOptions } from 'ioredis';
import { RecoveryError, TransientError } from '../errors.ts';
import { trustOptions } from '../net/agents.ts';
import { describeEndpoint, type RedisEndpoint } from './endpoint.ts';
import { redisError } from './errors.ts';
import { tlsMismatch } from './tls-mismatch.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/** An open connection. */
export interface EstablishedConnection {
  readonly client: Redis;
  /**
   * Why it broke, when it did: commands in flight only learn "Connection is closed". Under TLS 1.3 this is
   * also how a server refuses a client certificate, after the handshake has succeeded in the client's eyes.
   */
  brokenBy(): unknown;
  /** A password was given, and Redis wants none. */
  readonly passwordUnused: boolean;
}

/**
 * Opens ONE connection that never reconnects, never queues and never resends. ioredis would otherwise send a
 * script whose reply was lost a second time; here a lost reply is an error, and the caller looks before it
 * acts again.
 *
 * @throws TransientError or TerminalError of the Redis taxonomy
 */
export async function connectToRedis(endpoint: RedisEndpoint): Promise<EstablishedConnection> {
  const client = new Redis({ ...options(endpoint), replyMapping: 'legacy' });
  let cause: unknown;
  client.on('error', (error) => {
    cause = error;
  });
  try {
    await client.connect();
    const passwordUnused = await withinTime(endpoint, greet(client, endpoint));
    return { client, brokenBy: () => cause, passwordUnused };
  } catch (error) {
    client.disconnect();
    if (error instanceof RecoveryError) {
      throw error;
    }
    const failure = asRedisError(cause ?? error, endpoint);
    throw (await tlsMismatch(failure, endpoint)) ?? failure;
  }
}

/**
 * AUTH and SELECT. Not by ioredis: of a password that is not wanted it would only warn on the console, and a
 * refused SELECT it would swallow and go on in database 0.
 *
 * @returns whether a password was given that Redis does not want
 */
async function greet(client: Redis, { username, password, db }: RedisEndpoint): Promise<boolean> {
  let passwordUnused = false;
  if (password !== undefined) {
    try {
      await client.call('AUTH', ...(username === undefined ? [] : [username]), password);
    } catch (error) {
      passwordUnused = wantsNoPassword.test(error instanceof Error ? error.message : '');
      if (!passwordUnused) {
        throw error;
      }
    }
  }
  if (db) {
    await client.select(db);
  }
  return passwordUnused;
}

/** Redis from version 6 on, and before. */
const wantsNoPassword = /without any password configured for the default user|no password is set/i;

async function withinTime<T>(endpoint: RedisEndpoint, work: Promise<T>): Promise<T> {
  const limit = endpoint.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      reject(
        new TransientError(
          'RedisTimeout',
          `${describeEndpoint(endpoint)} accepted the connection and gave no answer within ${limit / 1000} s. Check its load.`,
        ),
      ),
    limit,
  );
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
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
  const { location, connectTimeoutMs = CONNECT_TIMEOUT_MS } = endpoint;
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
