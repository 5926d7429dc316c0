import type { Logger } from 'pino';
import { sleep } from '../../async/sleep.ts';
import { DEFAULT_ELECTION_TIMINGS, type ElectionTimings } from './election-timings.ts';
import { LeaseCandidate, type LeaseCandidateOptions } from './lease-candidate.ts';
import { type LeaseWatchOptions, watchLease } from './lease-watch.ts';

/** Options of {@link LeaderElector}. */
export interface LeaderElectorOptions extends Omit<LeaseCandidateOptions, 'timings'> {
  readonly client: LeaseCandidateOptions['client'] & LeaseWatchOptions['client'];
  readonly random: () => number;
  readonly timings?: Partial<ElectionTimings>;
}

/** Abort reason and error: the lease could not be renewed in time, so another process may lead by now. */
export class LeadershipLostError extends Error {
  constructor(name: string) {
    super(`lost the lease ${name}: another replica may lead now; this process must exit`);
    this.name = 'LeadershipLostError';
  }
}

/**
 * Elects one leader among replicas by a Lease.
 *
 * It does not fence: a leader that was suspended wakes up believing, until its first look at the clock, that
 * it still leads. Side effects need a token that their target checks.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #timings: ElectionTimings;
  readonly #logger: Logger;
  readonly #candidate: LeaseCandidate;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#timings = { ...DEFAULT_ELECTION_TIMINGS, ...options.timings };
    const { name, identity } = options;
    this.#logger = options.logger.child({ lease: `${options.namespace}/${name}`, identity });
    this.#candidate = new LeaseCandidate({ ...options, timings: this.#timings, logger: this.#logger });
    options.metrics.leaderStatus.set({ name }, 0);
  }

  /**
   * True while this process may act as the leader. Looks at the clock: it turns false the moment time is up.
   */
  get isLeading(): boolean {
    return this.#candidate.isLeading;
  }

  /** Who held the lease when it was last seen; undefined when it had no holder. */
  get holder(): string | undefined {
    return this.#candidate.holder;
  }

  /** How often the lease changed hands since it was created; rises with every new leader. */
  get transitions(): number {
    return this.#candidate.transitions;
  }

  /**
   * True when the lease was read or written within twice its duration: the election works, no matter who
   * leads.
   */
  get isKnown(): boolean {
    return this.#candidate.isKnown;
  }

  /**
   * Waits to be elected, then runs `lead` and renews the lease until `lead` has ended, and releases it.
   *
   * `lead`'s signal aborts with `signal`'s reason on shutdown, and with {@link LeadershipLostError} when the
   * lease could not be renewed. In the second case this rejects as soon as `lead` has ended, or when the time
   * is over in which no other process can lead yet. When `lead` rejects, the lease is left to expire: what it
   * was doing may not be over.
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
      await this.#candidate.release();
    } finally {
      this.#candidate.resign();
      metrics.leaderStatus.set({ name }, 0);
      signal.removeEventListener('abort', onShutdown);
    }
  }

  /**
   * True once elected; false when `signal` aborted first. Asks in turns, and at once when it sees that the
   * lease is free.
   */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    this.#logger.info('waiting to become leader');
    if (await this.#candidate.tryAcquireOrRenew(signal)) {
      return true;
    }
    const elected = new AbortController();
    let free = new AbortController();
    const { clock } = this.#options;
    const watch = { ...this.#options, pauseMs: this.#timings.leaseDurationMs, logger: this.#logger };
    void watchLease(watch, () => free.abort(), AbortSignal.any([signal, elected.signal]));
    while (!signal.aborted) {
      const wake = AbortSignal.any([signal, free.signal]);
      await sleep(clock, this.#acquireDelayMs(), wake).catch(() => undefined);
      // Before asking: a lease that becomes free meanwhile is asked for again at once.
      free = new AbortController();
      if (await this.#candidate.tryAcquireOrRenew(signal)) {
        elected.abort();
        return true;
      }
    }
    return false;
  }

  /** client-go's retry period with its jitter, lest all standbys ask at the same moment for ever. */
  #acquireDelayMs(): number {
    const { retryPeriodMs } = this.#timings;
    const delayMs = retryPeriodMs * (1 + 1.2 * this.#options.random());
    // Unlike client-go, which would let up to a whole retry period pass after a dead leader's time is up.
    const { expiresInMs } = this.#candidate;
    return expiresInMs > 0 ? Math.min(delayMs, expiresInMs) : delayMs;
  }

  /** Renews until `ended` aborts (false) or until the renew deadline passes (true). */
  async #renewUntil(ended: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    const timeUp = new AbortController();
    const lose = (): void => timeUp.abort(new LeadershipLostError(this.#options.name));
    const restart = (): (() => void) => clock.after(this.#candidate.leadsForMs, lose);
    const onEnded = (): void => timeUp.abort(ended.reason);
    ended.addEventListener('abort', onEnded, { once: true });
    let cancel = restart();
    try {
      while (!ended.aborted) {
        await sleep(clock, this.#timings.retryPeriodMs, timeUp.signal).catch(() => undefined);
        if (ended.aborted) {
          break;
        }
        // The clock decides, not the timer: after a blocked event loop this runs before the timer that is
        // overdue.
        if (timeUp.signal.aborted || !this.isLeading) {
          return true;
        }
        if (await this.#candidate.tryAcquireOrRenew(timeUp.signal)) {
          cancel();
          cancel = restart();
        } else if (this.#candidate.isTakenOver) {
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
    this.#candidate.resign();
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
}
