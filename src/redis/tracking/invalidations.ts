import { RecoveryError, TransientError } from '../../errors.ts';
import { connectToRedis, type EstablishedConnection } from '../connect.ts';
import { describeEndpoint, type RedisEndpoint } from '../endpoint.ts';

/** Channel on which Redis tells a RESP2 client which keys changed. */
const channel = '__redis__:invalidate';

/** Receives the invalidations of keys. Calls are synchronous, cheap and must not throw. */
export interface InvalidationSink {
  /** Keys that were read, or that begin with one of the prefixes, were set, deleted, expired or evicted. */
  invalidated(keys: readonly string[]): void;
  /** FLUSHALL or FLUSHDB: every key. */
  flushed(): void;
  /** The connection is gone: whatever was read may have changed since. Called once, and nothing after it. */
  closed(): void;
}

/** Why Redis, or a proxy before it, does not tell about changed keys. */
export interface TrackingRefusal {
  readonly refused: string;
}

/**
 * The connection that receives the names of changed keys: CLIENT TRACKING with REDIRECT over RESP2. ioredis
 * drops the push messages of RESP3, so the keys are read over a second connection that redirects here.
 */
export class InvalidationConnection {
  /** What `CLIENT TRACKING ON REDIRECT` of the reading connection names. */
  readonly clientID: number;
  readonly #connection: EstablishedConnection;
  #closing = false;

  private constructor(connection: EstablishedConnection, clientID: number) {
    this.#connection = connection;
    this.clientID = clientID;
  }

  /**
   * @param prefixes keys to be notified about without having been read, with CLIENT TRACKING BCAST
   * @returns a refusal when Redis answers but does not offer this, or the ACL forbids it
   * @throws TransientError or TerminalError of the Redis taxonomy when there is no connection
   */
  static async open(
    endpoint: RedisEndpoint,
    prefixes: readonly string[],
    sink: InvalidationSink,
  ): Promise<InvalidationConnection | TrackingRefusal> {
    const connection = await connectToRedis(endpoint);
    const { client } = connection;
    try {
      const id = await client.call('CLIENT', 'ID');
      if (typeof id !== 'number') {
        client.disconnect();
        return { refused: 'CLIENT ID was answered with something other than a number.' };
      }
      if (prefixes.length > 0) {
        const args = prefixes.flatMap((prefix) => ['PREFIX', prefix]);
        await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...args);
      }
      const opened = new InvalidationConnection(connection, id);
      client.on('messageBuffer', (from: Buffer, keys: unknown) => {
        if (from.toString() === channel) {
          opened.#hear(keys, sink);
        }
      });
      client.once('close', () => {
        if (!opened.#closing) {
          sink.closed();
        }
      });
      await client.subscribe(channel);
      if (client.status !== 'ready') {
        throw lost(endpoint);
      }
      return opened;
    } catch (error) {
      client.disconnect();
      if (error instanceof RecoveryError) {
        throw error;
      }
      if (error instanceof Error && error.name === 'ReplyError') {
        return { refused: error.message };
      }
      throw lost(endpoint, connection.brokenBy() ?? error);
    }
  }

  /** Closes the connection; the sink hears nothing more. */
  close(): void {
    this.#closing = true;
    this.#connection.client.disconnect();
  }

  #hear(keys: unknown, sink: InvalidationSink): void {
    if (this.#closing) {
      return;
    }
    // Nil instead of a list: everything was flushed.
    if (Array.isArray(keys)) {
      sink.invalidated(keys.map((key) => (Buffer.isBuffer(key) ? key.toString('utf8') : String(key))));
    } else {
      sink.flushed();
    }
  }
}

function lost(endpoint: RedisEndpoint, cause?: unknown): TransientError {
  return new TransientError(
    'RedisUnreachable',
    `The connection to ${describeEndpoint(endpoint)} that hears of changed keys was lost.`,
    { cause },
  );
}
