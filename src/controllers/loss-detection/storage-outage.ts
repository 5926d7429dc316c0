import { abortable } from '../../async/abortable.ts';
import { Backoff } from '../../async/backoff.ts';
import type { Clock } from '../../async/clock.ts';
import { proportionalPause } from '../../async/proportional-pause.ts';
import { TimeoutSignal } from '../../async/timeout-signal.ts';
import { RecoveryError, TransientError } from '../../errors.ts';
import { listPages } from '../../storage/s3/s3-pages.ts';
import type { BucketUse } from '../target-connection/bucket-pool.ts';

/** Receives the beginning and the end of outages. Calls are synchronous, cheap and must not throw. */
export interface StorageOutageListener {
  /** The bucket does not answer. */
  began(): void;
  /** The bucket answers again: what waited for it can be tried now. */
  ended(): void;
}

/** Options of {@link StorageOutage}. */
export interface StorageOutageOptions {
  readonly open: (signal: AbortSignal) => Promise<BucketUse>;
  /** Without a slash at the end. */
  readonly prefix: string;
  readonly listener: StorageOutageListener;
  readonly clock: Clock;
  /** Uniform in [0, 1), for the jitter. */
  readonly random: () => number;
}

/** Milliseconds between two requests to a bucket that does not answer. */
const askEveryMs = 2_000;
/** The same where a person has to mend something first. */
const brokenPauses = { soonestMs: askEveryMs, latestMs: 30_000 };
/** A request is given up after this, as a probe of the target is. */
const answerTimeoutMs = 10_000;
/** While requests fail, the bucket is opened anew after this, so that renewed certificates count. */
const reopenAfterMs = 30_000;
/**
 * A bucket that comes and goes: the end of the next outage is reported so many milliseconds later at least.
 * At the longest it takes as long as without any report, because what waits tries again every 30 s.
 */
const flapping = { initialMs: 2_000, maxMs: 15_000, resetAfterMs: 120_000 };

/**
 * Finds out when a bucket that does not answer does so again, with one request every two seconds, so that a
 * thousand apps need not ask all the time. Sends nothing before a failure is reported to it.
 *
 * One object that can't be read is no outage: what counts is whether the prefix can be listed, or whether
 * the bucket at least says who may not.
 */
export class StorageOutage {
  readonly #options: StorageOutageOptions;
  readonly #abort = new AbortController();
  readonly #flapping: Backoff;
  #use: { readonly use: BucketUse; readonly openedAtMs: number } | undefined;
  #isAsking = false;
  /** Since when the bucket does not answer, monotonic; undefined while it is not known to be silent. */
  #outSinceMs: number | undefined;
  /** Nothing is asked before, monotonic: a thousand failures are one reason to ask. */
  #askFromMs = Number.NEGATIVE_INFINITY;
  /** No end is reported before, monotonic. */
  #endFromMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(options: StorageOutageOptions) {
    this.#options = options;
    this.#flapping = new Backoff(flapping, options.clock, options.random);
  }

  /** A request to the bucket has failed in a way that may be an outage. */
  suspect(): void {
    if (!this.#isAsking && !this.#abort.signal.aborted) {
      this.#isAsking = true;
      this.#askIn(this.#askFromMs - this.#options.clock.monotonic());
    }
  }

  close(): void {
    this.#abort.abort(new Error('The RecoveryTarget is no longer watched.'));
    this.#cancel?.();
    this.#release();
  }

  #askIn(delayMs: number): void {
    this.#cancel = this.#options.clock.after(Math.max(0, delayMs), () => {
      void this.#ask().then(
        () => this.#answered(),
        (error: unknown) => this.#failed(error),
      );
    });
  }

  async #ask(): Promise<void> {
    const { clock, prefix } = this.#options;
    using limit = new TimeoutSignal(clock, answerTimeoutMs, silence, this.#abort.signal);
    const { bucket } = await abortable(this.#open(limit.signal), limit.signal);
    const pages = listPages(bucket.singleTry, `${prefix}/`, '/', limit.signal);
    await abortable(pages.next(), limit.signal);
  }

  /**
   * A use of its own: the one of the watch is given back whenever a request fails, which ends the requests of
   * a bucket that has no other.
   */
  async #open(signal: AbortSignal): Promise<BucketUse> {
    const openedAtMs = this.#options.clock.monotonic();
    if (this.#use === undefined) {
      const use = await this.#options.open(signal);
      if (signal.aborted) {
        use[Symbol.dispose]();
        signal.throwIfAborted();
      }
      this.#use = { use, openedAtMs };
    }
    return this.#use.use;
  }

  #failed(error: unknown): void {
    if (this.#abort.signal.aborted) {
      return;
    }
    if (isRefusal(error)) {
      this.#answered();
      return;
    }
    const { clock, listener } = this.#options;
    const nowMs = clock.monotonic();
    if (this.#use !== undefined && nowMs - this.#use.openedAtMs > reopenAfterMs) {
      this.#release();
    }
    if (this.#outSinceMs === undefined) {
      this.#outSinceMs = nowMs;
      listener.began();
    }
    this.#askIn(
      error instanceof TransientError
        ? askEveryMs
        : proportionalPause(nowMs - this.#outSinceMs, brokenPauses),
    );
  }

  #answered(): void {
    if (this.#abort.signal.aborted) {
      return;
    }
    const nowMs = this.#options.clock.monotonic();
    const wasOut = this.#outSinceMs !== undefined;
    if (wasOut && nowMs < this.#endFromMs) {
      this.#askIn(Math.min(askEveryMs, this.#endFromMs - nowMs));
      return;
    }
    this.#isAsking = false;
    this.#outSinceMs = undefined;
    this.#askFromMs = nowMs + askEveryMs;
    this.#release();
    if (wasOut) {
      this.#endFromMs = nowMs + this.#flapping.next();
      this.#options.listener.ended();
    }
  }

  #release(): void {
    this.#use?.use[Symbol.dispose]();
    this.#use = undefined;
  }
}

/** Credentials that may read one app and list nothing are refused by a bucket that answers. */
function isRefusal(error: unknown): boolean {
  return error instanceof RecoveryError && error.code === 'AccessDenied';
}

function silence(): Error {
  return new TransientError(
    'StorageUnreachable',
    `The bucket did not answer within ${answerTimeoutMs / 1000} s.`,
  );
}
