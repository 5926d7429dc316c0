import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import { Backoff } from '../../async/backoff.ts';
import type { Clock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import { errorAnswer, HTTPError, retryLater } from '../http/answer.ts';
import { KeysUnavailableError } from './key-documents.ts';

/** How {@link IssuerKeys} get and keep keys. */
export interface IssuerKeysOptions {
  /** Reads the keys from the issuer, in bounded time; throws {@link KeysUnavailableError}. */
  readonly read: () => Promise<JSONWebKeySet>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Age from which keys are read again, in milliseconds. */
const MAX_AGE_MS = 600_000;

/**
 * Age up to which keys are still used while the issuer can't be read: an outage of the issuer must not stop a
 * recovery.
 */
const MAX_STALE_MS = 6 * 3_600_000;

/** Least time between two readings because of unknown key ids: invented ones cost the issuer nothing. */
const UNKNOWN_KEY_INTERVAL_MS = 30_000;

/**
 * Time after a failed reading during which the failure is the answer: an issuer that hangs is not asked for
 * every request.
 */
const FAILURE_COOL_DOWN_MS = 10_000;

/** How often an issuer is asked that has not given its keys yet. */
const BACKOFF = { initialMs: 500, maxMs: 15_000, resetAfterMs: 600_000 };

interface Keys {
  readonly find: JWTVerifyGetKey;
  readonly readAt: number;
}

/**
 * The public keys of a token issuer: read when the shim starts, kept for ten minutes, used up to six hours
 * while the issuer is away. However many requests need them, they are read once.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #keys: Keys | undefined;
  #reading: Promise<Keys> | undefined;
  #failure: { readonly error: KeysUnavailableError; readonly at: number } | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** True once the keys were read; a token can be verified then. */
  get wereRead(): boolean {
    return this.#keys !== undefined;
  }

  /**
   * Asks the issuer until it has given its keys once or `signal` aborts, so that a mistake is found before
   * the first request.
   */
  async readFirst(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const backoff = new Backoff(BACKOFF, clock, random);
    while (!signal.aborted && this.#keys === undefined) {
      try {
        await this.#read();
      } catch (error) {
        if (!(error instanceof KeysUnavailableError)) {
          throw error;
        }
        await sleep(clock, backoff.next(), signal).catch(() => undefined); // aborted: the loop ends
      }
    }
  }

  /**
   * The key for a token.
   * @throws {HTTPError} 503 when there are no keys to look in, because that says nothing about the token;
   *   what jose throws when none of them fits.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#usable();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayAskForUnknown()) {
        throw error;
      }
      const newer = await this.#read().catch(passOver);
      if (newer === undefined) {
        throw error;
      }
      return await newer.find(header, token);
    }
  };

  async #usable(): Promise<Keys> {
    const keys = this.#keysYoungerThan(MAX_AGE_MS);
    if (keys !== undefined) {
      return keys;
    }
    try {
      const failure = this.#recentFailure();
      if (failure !== undefined) {
        throw failure;
      }
      return await this.#read();
    } catch (error) {
      if (!(error instanceof KeysUnavailableError)) {
        throw error;
      }
      const stale = this.#keysYoungerThan(MAX_STALE_MS);
      if (stale !== undefined) {
        return stale;
      }
      throw new HTTPError(answerTo(error), { cause: error });
    }
  }

  #mayAskForUnknown(): boolean {
    return (
      this.#keysYoungerThan(UNKNOWN_KEY_INTERVAL_MS) === undefined && this.#recentFailure() === undefined
    );
  }

  #keysYoungerThan(ageMs: number): Keys | undefined {
    const keys = this.#keys;
    return keys !== undefined && this.#options.clock.monotonic() - keys.readAt < ageMs ? keys : undefined;
  }

  #recentFailure(): KeysUnavailableError | undefined {
    const failure = this.#failure;
    const isRecent =
      failure !== undefined && this.#options.clock.monotonic() - failure.at < FAILURE_COOL_DOWN_MS;
    return isRecent ? failure.error : undefined;
  }

  #read(): Promise<Keys> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<Keys> {
    const { read, clock, logger } = this.#options;
    try {
      const find = createLocalJWKSet(await read());
      this.#keys = { find, readAt: clock.monotonic() };
    } catch (error) {
      if (!(error instanceof KeysUnavailableError)) {
        throw error;
      }
      // Once for each cause, however many requests meet it.
      if (error.message !== this.#failure?.error.message) {
        logger.error({ problem: error.message }, 'the signing keys of the token issuer cannot be read');
      }
      this.#failure = { error, at: clock.monotonic() };
      throw error;
    }
    if (this.#failure !== undefined) {
      logger.info('the signing keys of the token issuer were read again');
      this.#failure = undefined;
    }
    return this.#keys;
  }
}

/** Keys that can't be read now leave those there are. */
function passOver(error: unknown): undefined {
  if (!(error instanceof KeysUnavailableError)) {
    throw error;
  }
}

function answerTo({ isPermanent }: KeysUnavailableError) {
  const text = 'the signing keys of the token issuer cannot be read';
  return isPermanent
    ? errorAnswer(503, `${text}: the shim has to be configured differently, see its log`)
    : retryLater(503, `${text}; try again`, 5);
}
