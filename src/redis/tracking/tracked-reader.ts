import { inOneTurn } from '../../async/in-turns.ts';
import { within } from '../../async/within.ts';
import { errorMessage, RecoveryError, TransientError } from '../../errors.ts';
import { replyToText } from '../byte-text.ts';
import { asRedisError, connectToRedis, type EstablishedConnection } from '../connect.ts';
import { describeEndpoint, type RedisEndpoint } from '../endpoint.ts';
import { decodeObserved, observeCommand } from '../scripts.ts';
import type { ObservedValues } from '../state-store.ts';
import { InvalidationConnection, type InvalidationSink, setupTimeoutMs } from './invalidations.ts';

/** How changes of keys become known. */
export type Tracking =
  /** Redis tells within milliseconds, and a key of our own has proven it. */
  | { readonly kind: 'immediate'; readonly proven: boolean }
  /**
   * Keys have to be read again and again; `why` in the words of Redis. `refused`: Redis has said so; else it,
   * or a proxy before it, kept silent, and the next attempt may succeed.
   */
  | { readonly kind: 'polling'; readonly why: string; readonly refused: boolean };

/** What {@link TrackedReader.open} needs. */
export interface TrackedReaderOptions {
  readonly endpoint: RedisEndpoint;
  /** Keys to be notified about without having been read. */
  readonly prefixes: readonly string[];
  readonly sink: InvalidationSink;
  /**
   * A key of our own that is written to prove that invalidations arrive; undefined when nothing may be
   * written. It lives for a minute.
   */
  readonly canaryKey: string | undefined;
}

/** Most keys of one pipeline: a reply of some hundred kilobytes. */
const maxKeysAtOnce = 4_096;
const canaryTTLMs = 60_000;
/** Milliseconds an invalidation may take before it counts as lost; Redis needs less than one. */
const canaryTimeoutMs = 5_000;

/**
 * Reads groups of keys over one connection and hears of their changes over another. One life of both: when
 * either is lost the sink hears `closed`, and the owner opens a new reader and reads everything again. A read
 * arms the tracking of its keys; an invalidation disarms it until they are read again.
 */
export class TrackedReader {
  readonly #endpoint: RedisEndpoint;
  #connection: EstablishedConnection;
  readonly #canaryKey: string | undefined;
  #invalidations: InvalidationConnection | undefined;
  #tracking: Tracking = { kind: 'polling', why: 'not asked yet', refused: false };
  #heard: (() => void) | undefined;
  #readCommand: 'EVAL' | 'EVAL_RO' = 'EVAL_RO';

  private constructor(options: TrackedReaderOptions, connection: EstablishedConnection) {
    this.#endpoint = options.endpoint;
    this.#canaryKey = options.canaryKey;
    this.#connection = connection;
  }

  /** @throws TransientError or TerminalError of the Redis taxonomy when Redis can't be reached */
  static async open(options: TrackedReaderOptions): Promise<TrackedReader> {
    const reader = new TrackedReader(options, await connectToRedis(options.endpoint));
    try {
      await reader.#track(options);
      return reader;
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  get tracking(): Tracking {
    return this.#tracking;
  }

  /**
   * What the keys of each group hold, each group at one instant, in as few round trips as its size allows.
   *
   * @throws TransientError or TerminalError of the Redis taxonomy; the reader is of no use then
   */
  async read(groups: readonly (readonly string[])[]): Promise<readonly ObservedValues[]> {
    const values: ObservedValues[] = [];
    for (const batch of batches(groups)) {
      values.push(...(await this.#readBatch(batch)));
    }
    return values;
  }

  /**
   * Writes the canary and waits for its invalidation. False: it was written and nothing was heard, so
   * invalidations do not arrive. Undefined: nothing may be written, so nothing is known.
   *
   * @throws TransientError when the connection is lost
   */
  async prove(): Promise<boolean | undefined> {
    const key = this.#canaryKey;
    if (key === undefined || this.#invalidations === undefined) {
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#heard = () => resolve(true);
    const timer = setTimeout(() => resolve(false), canaryTimeoutMs);
    try {
      const [, written] = await this.#pipeline([
        ['GET', key],
        ['SET', key, '1', 'PX', String(canaryTTLMs)],
      ]);
      if (written instanceof Error) {
        return undefined;
      }
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#heard = undefined;
    }
  }

  /** Closes both connections; the sink hears nothing more. */
  close(): void {
    this.#invalidations?.close();
    this.#connection.client.removeAllListeners('close');
    this.#connection.client.disconnect();
  }

  async #track({ endpoint, prefixes, sink, canaryKey }: TrackedReaderOptions): Promise<void> {
    let open = true;
    const closed = (): void => {
      if (open) {
        open = false;
        this.close();
        sink.closed();
      }
    };
    const opened = await InvalidationConnection.open(endpoint, prefixes, {
      closed,
      flushed: () => sink.flushed(),
      invalidated: (keys) => {
        const others = keys.filter((key) => key !== canaryKey);
        if (others.length < keys.length) {
          this.#heard?.();
        }
        if (others.length > 0) {
          sink.invalidated(others);
        }
      },
    });
    if ('refused' in opened) {
      this.#poll(opened.refused, opened.inWords);
    } else {
      this.#invalidations = opened;
      await this.#redirect(opened.clientID);
    }
    await this.#ensureAnswers();
    this.#connection.client.once('close', closed);
    if (!open || this.#connection.client.status !== 'ready') {
      throw this.#gone(new Error('the connection was lost'));
    }
  }

  /** Has changes of what this connection reads sent to the other one, and proves that they arrive. */
  async #redirect(clientID: number): Promise<void> {
    try {
      const [answer] = await this.#pipeline(
        [['CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(clientID)]],
        setupTimeoutMs,
      );
      if (answer instanceof Error) {
        this.#poll(answer.message, true);
        return;
      }
    } catch (error) {
      this.#poll(`CLIENT TRACKING was not answered: ${reasonOf(error)}`, false);
      return;
    }
    const proof = await this.prove();
    if (proof === false) {
      this.#poll('CLIENT TRACKING was accepted, and no invalidation arrived.', true);
      return;
    }
    this.#tracking = { kind: 'immediate', proven: proof === true };
  }

  /**
   * A proxy that knows nothing of CLIENT TRACKING may have ended this connection because of it, or made it
   * useless. Then another one takes its place; when that gives no answer either, Redis is away.
   */
  async #ensureAnswers(): Promise<void> {
    const { client } = this.#connection;
    if (this.#tracking.kind === 'immediate' || (this.#tracking.refused && client.status === 'ready')) {
      return;
    }
    if (client.status !== 'ready') {
      client.disconnect();
      this.#connection = await connectToRedis(this.#endpoint);
    }
    // A refusal is an answer, too.
    await this.#pipeline([['PING']]);
  }

  #poll(why: string, refused: boolean): void {
    this.#invalidations?.close();
    this.#invalidations = undefined;
    this.#tracking = { kind: 'polling', why, refused };
  }

  async #readBatch(groups: readonly (readonly string[])[]): Promise<readonly ObservedValues[]> {
    const replies = await this.#pipeline(groups.map((keys) => flat(observeCommand(this.#readCommand, keys))));
    const [first] = replies;
    if (
      first instanceof Error &&
      this.#readCommand === 'EVAL_RO' &&
      /^ERR unknown command/i.test(first.message)
    ) {
      this.#readCommand = 'EVAL';
      return this.#readBatch(groups);
    }
    return groups.map((keys, at) => {
      const reply = replies[at];
      if (reply instanceof Error) {
        throw asRedisError(reply, this.#endpoint);
      }
      const values = inOneTurn(decodeObserved(keys, reply));
      if (values === undefined) {
        throw this.#gone(new Error('an answer that is none of observe.lua'));
      }
      return values;
    });
  }

  /** Replies in order; what Redis itself refused is an Error among them. */
  async #pipeline(
    commands: readonly (readonly string[])[],
    atMostMs = Number.POSITIVE_INFINITY,
  ): Promise<readonly unknown[]> {
    const { client, brokenBy } = this.#connection;
    const pipeline = client.pipeline();
    for (const [name = '', ...args] of commands) {
      pipeline.callBuffer(name, args);
    }
    const limitMs = Math.min(atMostMs, this.#endpoint.commandTimeoutMs ?? 10_000);
    try {
      const replies = await within(limitMs, pipeline.exec(), () =>
        this.#gone(new Error(`no answer within ${limitMs} ms`)),
      );
      return (replies ?? []).map(([error, value]) => {
        if (error === null || error.name === 'ReplyError') {
          return error ?? inOneTurn(replyToText(value));
        }
        throw asRedisError(brokenBy() ?? error, this.#endpoint);
      });
    } catch (error) {
      // Not in a state to be read again: the owner opens another.
      client.disconnect();
      throw error instanceof RecoveryError ? error : this.#gone(error);
    }
  }

  #gone(cause: unknown): TransientError {
    return new TransientError(
      'RedisUnreachable',
      `${describeEndpoint(this.#endpoint)} did not answer the read of the settings.`,
      { cause },
    );
  }
}

function reasonOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : { cause: undefined };
  return cause instanceof Error ? cause.message : errorMessage(error);
}

function flat([name, ...args]: ReturnType<typeof observeCommand>): readonly string[] {
  return [name, ...args.flat().map(String)];
}

/** Groups in their order, as many at once as their keys allow; one that is larger than that goes alone. */
function* batches(groups: readonly (readonly string[])[]): Generator<readonly (readonly string[])[]> {
  let batch: (readonly string[])[] = [];
  let keys = 0;
  for (const group of groups) {
    if (batch.length > 0 && keys + group.length > maxKeysAtOnce) {
      yield batch;
      batch = [];
      keys = 0;
    }
    batch.push(group);
    keys += group.length;
  }
  if (batch.length > 0) {
    yield batch;
  }
}
