import type { Command } from 'commander';
import { TerminalError } from '../../errors.ts';
import { type RedisEndpoint, redisEndpointFromURL } from '../../redis/endpoint.ts';
import type { Environment } from './env.ts';
import { flagBounds } from './flag-bounds.ts';
import { parseInteger } from './flag-values.ts';
import { readInputText } from './input-file.ts';

/** The values of the flags that {@link addRedisOptions} adds. */
export interface RedisFlags {
  readonly redis?: string;
  readonly redisCa?: string;
  readonly redisCert?: string;
  readonly redisKey?: string;
  readonly redisServerName?: string;
  readonly redisMinReplicas?: number;
}

/** Adds the flags that say how Redis is reached. */
export function addRedisOptions(command: Command): Command {
  return (
    command
      // No parser of commander's: its error messages quote the value, and this one may hold a password.
      .option(
        '--redis <url>',
        'redis://host:port/db, rediss:// for TLS, or redis-sentinel://host:port,host:port/db#group ' +
          '(REDIS_URL, or REDIS_HOST, REDIS_PORT, REDIS_DB); the password better in REDIS_PASSWORD',
      )
      .option(
        '--redis-ca <file>',
        "PEM file with the authority of Redis' certificate (REDIS_CA_FILE); implies TLS",
      )
      .option('--redis-cert <file>', 'PEM file with a client certificate (REDIS_CERT_FILE)')
      .option('--redis-key <file>', 'PEM file with its private key (REDIS_KEY_FILE)')
      .option('--redis-server-name <name>', "name in Redis' certificate, when it differs from the host")
      .option(
        '--redis-min-replicas <n>',
        'fail unless so many replicas confirm the write (default: 0)',
        parseInteger(...flagBounds.minReplicas),
      )
  );
}

/**
 * Where Redis is and how to be let in: flags first, then the environment.
 *
 * @throws {TerminalError} `InvalidInput`; never quotes the URL
 */
export async function readRedisEndpoint(
  flags: RedisFlags,
  env: Environment['redis'],
): Promise<RedisEndpoint> {
  const endpoint = redisEndpointFromURL(flags.redis ?? env.url ?? urlFromParts(env));
  const tls = await readTLS(flags, env, endpoint);
  return {
    ...endpoint,
    location: withSentinelAccess(endpoint.location, env),
    ...(env.username !== undefined && endpoint.username === undefined && { username: env.username }),
    ...(env.password !== undefined && endpoint.password === undefined && { password: env.password }),
    ...(tls !== undefined && { tls }),
  };
}

function urlFromParts({ host, port, db }: Environment['redis']): string {
  if (host === undefined) {
    throw new TerminalError(
      'InvalidInput',
      'Nothing says where Redis is. Give --redis redis://host:port/db, or set REDIS_HOST.',
    );
  }
  return `redis://${host.includes(':') ? `[${host}]` : host}:${port ?? '6379'}/${db ?? '0'}`;
}

async function readTLS(
  flags: RedisFlags,
  env: Environment['redis'],
  { tls }: RedisEndpoint,
): Promise<RedisEndpoint['tls']> {
  const read = async (path: string | undefined, origin: string): Promise<string | undefined> =>
    path === undefined ? undefined : readInputText(path, origin);
  const [ca, cert, key] = await Promise.all([
    read(flags.redisCa ?? env.caFile, '--redis-ca'),
    read(flags.redisCert ?? env.certFile, '--redis-cert'),
    read(flags.redisKey ?? env.keyFile, '--redis-key'),
  ]);
  if ((cert === undefined) !== (key === undefined)) {
    throw new TerminalError('InvalidInput', 'A client certificate needs both --redis-cert and --redis-key.');
  }
  const serverName = flags.redisServerName;
  if (ca === undefined && cert === undefined && serverName === undefined) {
    return tls;
  }
  return {
    ...tls,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { serverName }),
  };
}

/** Sentinels have a user and a password of their own. */
function withSentinelAccess(
  location: RedisEndpoint['location'],
  { sentinelUsername, sentinelPassword }: Environment['redis'],
): RedisEndpoint['location'] {
  if (location.kind !== 'sentinel') {
    return location;
  }
  return {
    ...location,
    ...(sentinelUsername !== undefined && { username: sentinelUsername }),
    ...(sentinelPassword !== undefined && { password: sentinelPassword }),
  };
}
