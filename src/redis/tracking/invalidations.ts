import { within } from '../../async/within.ts';
import { errorMessage } from '../../errors.ts';
import { connectToRedis, type EstablishedConnection } from '../connect.ts';
import type { RedisEndpoint } from '../endpoint.ts';

/** Channel on which Redis tells a RESP2 client which keys changed. */
const channel = '__redis__:invalidate';
/** Milliseconds for each answer while tracking is set up; Redis needs less than one. */
export const setupTimeoutMs = 5_000;

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
  /** False: nothing was answered, or the connection was lost. The next attempt may succeed. */
  readonly inWords: boolean;
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
   * @returns a refusal when Redis answers but does not offer this, when the ACL forbids it, and when there is
   *   no answer: a proxy may support none of these commands and keep silent or hang up
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
      const id = await answered(endpoint, client.call('CLIENT', 'ID'));
      if (typeof id !== 'number') {
        client.disconnect();
        return { refused: 'CLIENT ID was answered with something other than a number.', inWords: true };
      }
      if (prefixes.length > 0) {
        const args = prefixes.flatMap((prefix) => ['PREFIX', prefix]);
        const bcast = ['TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...args];
        await answered(endpoint, client.call('CLIENT', ...bcast));
      }
      const opened = new InvalidationConnection(connection, id);
      client.on('messageBuffer', (from: Buffer, keys: unknown) => {
        if (from.toString() === channel) {
          opened.#hear(keys, sink);
        }
      });
      await answered(endpoint, client.subscribe(channel));
      if (client.status !== 'ready') {
        throw connection.brokenBy() ?? new Error('the connection was lost');
      }
      // Not before: a connection that is given up because of a refusal is none that was lost.
      client.once('close', () => {
        if (!opened.#closing) {
          sink.closed();
        }
      });
      return opened;
    } catch (error) {
      client.disconnect();
      if (error instanceof Error && error.name === 'ReplyError') {
        return { refused: error.message, inWords: true };
      }
      const cause = connection.brokenBy() ?? error;
      const why = errorMessage(cause);
      return { refused: `CLIENT TRACKING and SUBSCRIBE were not answered: ${why}`, inWords: false };
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

/** The answer, within the time that a command may take. */
function answered<T>({ commandTimeoutMs }: RedisEndpoint, answer: Promise<T>): Promise<T> {
  const limitMs = Math.min(commandTimeoutMs ?? setupTimeoutMs, setupTimeoutMs);
  return within(limitMs, answer, () => new Error(`no answer within ${limitMs} ms`));
}
