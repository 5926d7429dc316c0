import type { Redis } from 'ioredis';
import { RecoveryError } from '../errors.ts';
import { answerWithin, authenticate, connectTimeoutOf, createClient } from './client.ts';
import { describeEndpoint, type RedisEndpoint } from './endpoint.ts';
import { redisError } from './errors.ts';
import { primaryOf } from './sentinel.ts';
import { tlsMismatch } from './tls-mismatch.ts';

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
  const client = createClient(endpoint, () => primaryOf(endpoint));
  let cause: unknown;
  client.on('error', (error) => {
    cause = error;
  });
  try {
    await client.connect();
    const passwordUnused = await answerWithin(
      connectTimeoutOf(endpoint),
      describeEndpoint(endpoint),
      greet(client, endpoint),
    );
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

/** AUTH and SELECT. Not by ioredis, which swallows a refused SELECT and stays in database 0. */
async function greet(client: Redis, endpoint: RedisEndpoint): Promise<boolean> {
  const passwordUnused = await authenticate(client, endpoint);
  if (endpoint.db) {
    await client.select(endpoint.db);
  }
  return passwordUnused;
}

/** {@link redisError} for one endpoint. */
export function asRedisError(error: unknown, endpoint: RedisEndpoint): RecoveryError {
  return redisError(error, {
    where: describeEndpoint(endpoint),
    behindSentinel: endpoint.location.kind === 'sentinel',
    nameScope: endpoint.nameScope,
  });
}
