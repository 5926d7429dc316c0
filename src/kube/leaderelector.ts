import type { Logger } from 'pino';
import { abortable } from './abortable.ts';
import type { ApiClient } from './apiclient.ts';
import { isAlreadyExists, isConflict } from './apierror.ts';
import type { Clock } from './clock.ts';
import { Deadline } from './deadline.ts';
import { LeaseLock } from './leaselock.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { sleep } from './sleep.ts';

/** Times of a leader election, in milliseconds: lease > renew deadline > retry period. */
export interface ElectionTimings {
  /** How long others wait after the last renewal they saw. */
  readonly leaseDurationMs: number;
  /** How long the leader goes on without a renewal before it stops. Smaller by what stopping may take. */
  readonly renewDeadlineMs: number;
  /** Between two attempts. */
  readonly retryPeriodMs: number;
}

/** client-go's recommendation, as controller-runtime has it. */
const DEFAULT_ELECTION_TIMINGS: ElectionTimings = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};

/** What a {@link LeaderElector} is made of. */
export interface LeaderElectorOptions {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'replace'>;
  readonly namespace: string;
  /** Name of the Lease; also the `name` label of the metrics. */
  readonly name: string;
  /** Unique for this process, or two would think themselves the same leader. */
  readonly identity: string;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timings?: Partial<ElectionTimings>;
}

/** Abort reason and error: the lease could not be renewed in time, so somebody else may lead by now. */
export class LeadershipLostError extends Error {
  constructor(name: string) {
    super(`lost the lease ${name}: another replica may lead now; this process must exit`);
    this.name = 'LeadershipLostError';
  }
}

/**
 * Elects one leader among replicas by a Lease.
 *
 * It does not fence: a leader that was suspended wakes up believing, until its first look at the clock, that it still
 * leads. Side effects need a token that their target checks.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #timings: ElectionTimings;
  readonly #logger: Logger;
  readonly #lock: LeaseLock;
  /** When the last successful renewal was begun; undefined while not leading. */
  #renewedAt: number | undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#timings = { ...DEFAULT_ELECTION_TIMINGS, ...options.timings };
    const { name, identity } = options;
    this.#lock = new LeaseLock({ ...options, durationMs: this.#timings.leaseDurationMs });
    this.#logger = options.logger.child({ lease: `${options.namespace}/${name}`, identity });
    options.metrics.leaderStatus.set({ name }, 0);
  }

  /** True while this process may act as the leader. Looks at the clock: it turns false the moment time is up. */
  get isLeading(): boolean {
    return this.#renewedAt !== undefined && this.#now() < this.#renewedAt + this.#timings.renewDeadlineMs;
  }

  /** Who held the lease when it was last seen; undefined when nobody did. */
  get holder(): string | undefined {
    return this.#lock.spec.holderIdentity || undefined;
  }

  /** How often the lease changed hands; rises with every new leader. */
  get transitions(): number {
    return this.#lock.spec.leaseTransitions ?? 0;
  }

  /** True when the lease was read or written within twice its duration: leadership works, whoever has it. */
  get isKnown(): boolean {
    return this.#now() - this.#lock.contactAt < 2 * this.#timings.leaseDurationMs;
  }

  /**
   * Waits to be elected, then runs `lead` and renews the lease until `lead` has ended, and releases it.
   *
   * `lead`'s signal aborts with `signal`'s reason on shutdown, and with {@link LeadershipLostError} when the lease could
   * not be renewed. In the second case this rejects as soon as `lead` has ended, or when the time is over in which
   * nobody else can lead yet. When `lead` rejects, the lease is left to expire: what it was doing may not be over.
   */
  async run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (!(await this.#acquire(signal))) {
      return;
    }
    const { name, metrics } = this.#options;
    const term = new AbortController();
    const onShutdown = (): void => term.abort(signal.reason);
    signal.addEventListener('abort', onShutdown, { once: true });
    if (signal.aborted) {
      onShutdown();
    }
    metrics.leaderStatus.set({ name }, 1);
    this.#logger.info({ transitions: this.transitions }, 'became leader');
    const ended = new AbortController();
    const leading = lead(term.signal).finally(() => ended.abort());
    // Observed below; until then a failure must not count as unhandled.
    leading.catch(() => undefined);
    try {
      const lost = await this.#renewUntil(ended.signal);
      if (lost) {
        await this.#stepDown(term, leading);
      }
      await leading;
      await this.#release();
    } finally {
      this.#renewedAt = undefined;
      metrics.leaderStatus.set({ name }, 0);
      signal.removeEventListener('abort', onShutdown);
    }
  }

  /** True once elected; false when `signal` aborted first. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    this.#logger.info('waiting to become leader');
    while (!signal.aborted) {
      if (await this.#tryAcquireOrRenew(signal)) {
        return true;
      }
      await sleep(this.#options.clock, this.#acquireDelayMs(), signal).catch(() => undefined);
    }
    return false;
  }

  /** client-go's retry period with its jitter, lest all standbys ask at the same moment for ever. */
  #acquireDelayMs(): number {
    const { retryPeriodMs } = this.#timings;
    const delayMs = retryPeriodMs * (1 + 1.2 * this.#options.random());
    // Unlike client-go, which would let up to a whole retry period pass after a dead leader's time is up.
    const expiresInMs = this.#lock.expiresInMs;
    return expiresInMs > 0 ? Math.min(delayMs, expiresInMs) : delayMs;
  }

  /** Renews until `ended` aborts (false) or until the renew deadline passes (true). */
  async #renewUntil(ended: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    const timeUp = new AbortController();
    const lose = (): void => timeUp.abort(new LeadershipLostError(this.#options.name));
    const restart = (): (() => void) =>
      clock.after((this.#renewedAt ?? 0) + this.#timings.renewDeadlineMs - this.#now(), lose);
    const onEnded = (): void => timeUp.abort(ended.reason);
    ended.addEventListener('abort', onEnded, { once: true });
    let cancel = restart();
    try {
      while (!ended.aborted) {
        await sleep(clock, this.#timings.retryPeriodMs, timeUp.signal).catch(() => undefined);
        if (ended.aborted) {
          break;
        }
        // The clock decides, not the timer: after a blocked event loop this runs before the timer that is overdue.
        if (timeUp.signal.aborted || !this.isLeading) {
          return true;
        }
        if (await this.#tryAcquireOrRenew(timeUp.signal)) {
          cancel();
          cancel = restart();
        } else if (this.#isTakenOver) {
          // client-go would go on until the renew deadline; there is nothing left to hope for.
          return true;
        }
      }
      return false;
    } finally {
      cancel();
      ended.removeEventListener('abort', onEnded);
    }
  }

  async #stepDown(term: AbortController, leading: Promise<void>): Promise<never> {
    const error = new LeadershipLostError(this.#options.name);
    this.#renewedAt = undefined;
    this.#options.metrics.leaderStatus.set({ name: this.#options.name }, 0);
    this.#logger.error({ err: error }, 'lost leadership; stopping everything');
    term.abort(error);
    const { leaseDurationMs, renewDeadlineMs } = this.#timings;
    const grace = new AbortController();
    await Promise.race([
      leading.catch((cause: unknown) => this.#logger.debug({ err: cause }, 'stopped with an error')),
      sleep(this.#options.clock, leaseDurationMs - renewDeadlineMs, grace.signal).catch(() => undefined),
    ]);
    grace.abort();
    throw error;
  }

  /** One attempt, bounded so that a hung connection leaves time for another. Never throws. */
  async #tryAcquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const timeoutMs = this.#timings.renewDeadlineMs / 2;
    const timedOut = () => new Error(`no answer within ${timeoutMs} ms`);
    using deadline = new Deadline(this.#options.clock, timeoutMs, timedOut, signal);
    try {
      // Raced, because a deadline that depends on the obedience of what it limits is none.
      return await abortable(this.#attempt(deadline.signal), deadline.signal);
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) {
        this.#logger.debug({ err: error }, 'somebody else was faster');
      } else if (!signal.aborted) {
        this.#logger.warn({ err: error }, 'the lease could not be read or written');
      }
      return false;
    }
  }

  async #attempt(signal: AbortSignal): Promise<boolean> {
    // Counted from before the request: others may have seen the renewal at any time since.
    const beganAt = this.#now();
    if (this.isLeading) {
      if (await this.#lock.renew(signal)) {
        return this.#hold(beganAt, signal);
      }
      this.#options.metrics.leaderSlowpath.inc({ name: this.#options.name });
    }
    return (await this.#lock.acquire(signal)) && this.#hold(beganAt, signal);
  }

  #hold(beganAt: number, signal: AbortSignal): true {
    // An answer that comes after its attempt was given up must not revive a term that has ended.
    signal.throwIfAborted();
    this.#renewedAt = beganAt;
    return true;
  }

  async #release(): Promise<void> {
    if (!this.isLeading) {
      return;
    }
    const timedOut = () => new Error('no answer in time');
    using deadline = new Deadline(this.#options.clock, this.#timings.renewDeadlineMs / 2, timedOut);
    try {
      await this.#lock.release(deadline.signal);
      this.#logger.info('released the lease');
    } catch (error) {
      this.#logger.warn({ err: error }, 'the lease was not released; it expires by itself');
    }
  }

  get #isTakenOver(): boolean {
    return this.holder !== undefined && this.holder !== this.#options.identity;
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
