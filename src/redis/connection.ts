import { Pipeline } from 'ioredis';
import { inTurns } from '../async/in-turns.ts';
import { RecoveryError, TransientError } from '../errors.ts';
import { replyToText } from './byte-text.ts';
import { asRedisError, connectToRedis, type EstablishedConnection } from './connect.ts';
import { type Command, type EncodedCommand, encodeCommand } from './encoded-command.ts';
import { describeEndpoint, type RedisEndpoint } from './endpoint.ts';
import { readServerRefusal } from './greeting.ts';
import { tlsMismatch } from './tls-mismatch.ts';

/** What Redis answered to one command: a value, or an error of its own. */
export type Reply = { readonly value: unknown } | { readonly error: Error };

/** Limits of one {@link RedisConnection.exchange}. */
export interface ExchangeOptions {
  readonly signal?: AbortSignal;
  /** Once the commands are sent, the signal is not heard: without the answer it is unknown what they did. */
  readonly awaitAnswer?: boolean;
  /** Milliseconds added to what a round trip may take, for commands that wait on purpose. */
  readonly extraMs?: number;
  /**
   * Fail with `RedisUnreachable` instead of dialling again when the connection of the last exchange is gone.
   */
  readonly sameConnection?: boolean;
}

const COMMAND_TIMEOUT_MS = 10_000;

/** Texts of ioredis and the system for a connection that the other side has closed, whatever the reason. */
const hungUp = /Connection is closed|connection close|ECONNRESET|EPIPE|was lost/i;

/**
 * A connection that is opened when it is needed and thrown away when anything about it is in doubt: after a
 * lost socket, a time-out or an abort, the next exchange dials again (and asks Sentinel again).
 */
export class RedisConnection {
  readonly #endpoint: RedisEndpoint;
  #open: Promise<EstablishedConnection> | undefined;
  /** Something was answered here: what is lost later is lost, and no mistake in the configuration. */
  #answered = false;
  #passwordUnused = false;

  constructor(endpoint: RedisEndpoint) {
    this.#endpoint = endpoint;
  }

  /**
   * Sends all commands at once and waits for all replies: one round trip. Redis runs them in order.
   *
   * @throws the signal's reason when it aborts; `TransientError` when the connection is lost or silent:
   *   whether the commands ran is then unknown. What Redis itself refused is returned as a {@link Reply}.
   */
  async exchange(commands: readonly Command[], options: ExchangeOptions = {}): Promise<readonly Reply[]> {
    options.signal?.throwIfAborted();
    const encoded = await encodeAll(commands);
    try {
      const connection = await this.#dial(options.sameConnection ?? false);
      // Encoding and dialling take a while, and an abort meanwhile would go unheard.
      options.signal?.throwIfAborted();
      this.#passwordUnused = connection.passwordUnused;
      const replies = await this.#send(connection, encoded, options);
      this.#answered = true;
      return replies;
    } catch (error) {
      this.#discard();
      throw (await this.#mismatch(error)) ?? (await this.#reasonBehind(error)) ?? error;
    }
  }

  /** Whether Redis wants no password although one was given; known once it has answered. */
  get passwordUnused(): boolean {
    return this.#passwordUnused;
  }

  /** Drops the connection; the next exchange would open a new one. */
  close(): void {
    this.#discard();
  }

  async #send(
    { client, brokenBy }: EstablishedConnection,
    commands: readonly EncodedCommand[],
    options: ExchangeOptions,
  ): Promise<readonly Reply[]> {
    const pipeline = new Pipeline(client);
    for (const command of commands) {
      pipeline.sendCommand(command);
    }
    const replies: Reply[] = [];
    for (const [error, value] of (await this.#answer(pipeline.exec(), options)) ?? []) {
      // Only Redis' own answers are replies; anything else means that the connection is gone.
      if (error !== null && error.name !== 'ReplyError') {
        throw asRedisError(brokenBy() ?? error, this.#endpoint);
      }
      replies.push(error === null ? { value: await inTurns(replyToText(value)) } : { error });
    }
    return replies;
  }

  /** What was sent for, unless it takes too long or the signal, if it is heard, aborts. */
  async #answer<T>(
    answer: Promise<T>,
    { signal, awaitAnswer = false, extraMs = 0 }: ExchangeOptions,
  ): Promise<T> {
    const limit = (this.#endpoint.commandTimeoutMs ?? COMMAND_TIMEOUT_MS) + extraMs;
    const givenUp = Promise.withResolvers<never>();
    const timer = setTimeout(() => givenUp.reject(this.#silent(limit)), limit);
    const onAbort = (): void => givenUp.reject(signal?.reason);
    if (!awaitAnswer) {
      signal?.addEventListener('abort', onAbort, { once: true });
    }
    try {
      return await Promise.race([answer, givenUp.promise]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /**
   * Why a connection was lost without a word, which only another one can find out. Asked only after a
   * failure, so a run that works pays nothing for it.
   */
  async #reasonBehind(error: unknown): Promise<RecoveryError | undefined> {
    if (
      !(error instanceof RecoveryError && error.code === 'RedisUnreachable' && hungUp.test(error.message))
    ) {
      return undefined;
    }
    const refusal = await readServerRefusal(this.#endpoint);
    return refusal === undefined ? this.#unauthenticated() : asRedisError(new Error(refusal), this.#endpoint);
  }

  /**
   * The NOAUTH behind a lost connection. To the long commands of a client it wants a password from, Redis
   * says nothing and hangs up; to a short one it answers.
   */
  async #unauthenticated(): Promise<RecoveryError | undefined> {
    if (this.#endpoint.password !== undefined) {
      return undefined;
    }
    try {
      const connection = await this.#dial(false);
      const [reply] = await this.#send(connection, await encodeAll([['PING']]), {});
      const refusal = reply && 'error' in reply ? asRedisError(reply.error, this.#endpoint) : undefined;
      return refusal?.code === 'RedisAuthRequired' ? refusal : undefined;
    } catch (second) {
      // There is no answer at all: what failed first is the better account.
      if (second instanceof RecoveryError) {
        return undefined;
      }
      throw second;
    } finally {
      this.#discard();
    }
  }

  /** The TLS behind a connection that was lost before anything was ever answered. */
  async #mismatch(error: unknown): Promise<RecoveryError | undefined> {
    const isFirst = !this.#answered && error instanceof RecoveryError;
    return isFirst ? await tlsMismatch(error, this.#endpoint) : undefined;
  }

  async #dial(sameConnection: boolean): Promise<EstablishedConnection> {
    const kept = await this.#open?.catch(() => undefined);
    if (kept?.client.status === 'ready') {
      return kept;
    }
    // There is none, or it was closed while it was idle: by an idle time-out, or by a failover.
    this.#discard();
    if (sameConnection) {
      throw new TransientError(
        'RedisUnreachable',
        `The connection to ${describeEndpoint(this.#endpoint)} was lost. What was read through it may have been lost with it.`,
      );
    }
    const open = connectToRedis(this.#endpoint);
    this.#open = open;
    return open;
  }

  #discard(): void {
    const open = this.#open;
    this.#open = undefined;
    // A dial that fails has rejected for its own caller.
    open?.then(
      ({ client }) => client.disconnect(),
      () => undefined,
    );
  }

  #silent(limitMs: number): TransientError {
    return new TransientError(
      'RedisTimeout',
      `${describeEndpoint(this.#endpoint)} gave no answer within ${limitMs / 1000} s. Check its load (SLOWLOG) and the network.`,
    );
  }
}

async function encodeAll(commands: readonly Command[]): Promise<readonly EncodedCommand[]> {
  return await Promise.all(commands.map((command) => inTurns(encodeCommand(command))));
}
