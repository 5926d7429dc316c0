import type { Socket } from 'node:net';
import { AbstractConnector, Redis } from 'ioredis';
import { within } from '../async/within.ts';
import { TransientError } from '../errors.ts';
import { trustOptions } from '../net/agents.ts';
import { type Address, dial } from '../net/dial.ts';
import type { RedisEndpoint } from './endpoint.ts';
import { readInTurns } from './read-in-turns.ts';

const defaultTimeoutMs = 5_000;

/** Milliseconds to open a connection to an endpoint. */
export function connectTimeoutOf({ connectTimeoutMs = defaultTimeoutMs }: RedisEndpoint): number {
  return connectTimeoutMs;
}

/**
 * A client of ioredis for ONE connection: it never reconnects, never queues and never resends. Nothing is
 * sent before `connect()`.
 *
 * @param endpoint what the connection is opened with; not where to
 * @param find where to; asked when the connection is opened
 */
export function createClient(endpoint: RedisEndpoint, find: () => Promise<Address>): Redis {
  const tls = tlsOptions(endpoint);
  const { resolve } = endpoint;
  const timeoutMs = connectTimeoutOf(endpoint);
  /** ioredis' own connectors ask no resolver, least of all about what Sentinel names. */
  class Connector extends AbstractConnector {
    constructor() {
      super(disconnectTimeoutMs);
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      const stream = await dial(await find(), { resolve, tls, timeoutMs });
      this.stream = stream;
      // Before ioredis listens, too.
      stream.once('error', (error) => {
        this.firstError = error;
      });
      if (!this.connecting) {
        stream.destroy();
      }
      return stream;
    }
  }
  const client = new Redis({
    Connector,
    // The connector knows them; ioredis waits for the handshake where they are.
    ...(tls === undefined ? {} : { tls }),
    connectTimeout: timeoutMs,
    lazyConnect: true,
    retryStrategy: () => null,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    // INFO and CLIENT SETINFO, which the minimal ACL need not grant. LOADING shows in the first real answer.
    enableReadyCheck: false,
    disableClientInfo: true,
    // No HELLO: one round trip less, and proxies that speak only RESP2 work.
    protocol: 2,
    replyMapping: 'legacy',
  });
  client.once('connect', () => readInTurns(client.stream));
  return client;
}

/** Milliseconds from the end of a connection until its socket is destroyed; as ioredis has it. */
const disconnectTimeoutMs = 2_000;

function tlsOptions({ tls }: RedisEndpoint): Parameters<typeof dial>[1]['tls'] {
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

/**
 * AUTH. Not by ioredis: of a password that is not wanted it would only warn on the console.
 *
 * @returns whether a password was given that the server does not want
 */
export async function authenticate(
  client: Redis,
  { username, password }: { readonly username?: string; readonly password?: string },
): Promise<boolean> {
  if (password === undefined) {
    return false;
  }
  try {
    await client.call('AUTH', ...(username === undefined ? [] : [username]), password);
    return false;
  } catch (error) {
    if (!wantsNoPassword.test(error instanceof Error ? error.message : '')) {
      throw error;
    }
    return true;
  }
}

/** Redis from version 6 on, and before. */
const wantsNoPassword = /without any password configured for the default user|no password is set/i;

/** Rejects with `RedisTimeout` when a server that accepted the connection does not answer in time. */
export function answerWithin<T>(timeoutMs: number, where: string, work: Promise<T>): Promise<T> {
  return within(
    timeoutMs,
    work,
    () =>
      new TransientError(
        'RedisTimeout',
        `${where} accepted the connection and gave no answer within ${timeoutMs / 1000} s. Check its load.`,
      ),
  );
}
