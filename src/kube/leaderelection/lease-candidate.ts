import type { Logger } from 'pino';
import { abortable } from '../../async/abortable.ts';
import type { Clock } from '../../async/clock.ts';
import { TimeoutSignal } from '../../async/timeout-signal.ts';
import type { APIClient } from '../client/api-client.ts';
import { isAlreadyExists, isConflict } from '../client/api-error.ts';
import type { OwnerReference } from '../client/object.ts';
import type { RuntimeMetrics } from '../metrics/runtime-metrics.ts';
import type { ElectionTimings } from './election-timings.ts';
import { LeaseLock } from './lease-lock.ts';

/** Options of {@link LeaseCandidate}. */
export interface LeaseCandidateOptions {
  readonly client: Pick<APIClient, 'get' | 'create' | 'replace'>;
  readonly namespace: string;
  /** Name of the Lease; also the `name` label of the metrics. */
  readonly name: string;
  /** Unique for this process, or two would think themselves the same leader. */
  readonly identity: string;
  /** The pod of this process, when it runs in one and the lease is in its namespace. */
  readonly owner?: OwnerReference;
  /** Labels of the Lease, by which people find it. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly clock: Clock;
  readonly timings: ElectionTimings;
}

/**
 * What one replica knows of the lease and may conclude from it: whether it leads, who else may, and for how
 * long. Single attempts only; when to make them is the elector's business.
 */
export class LeaseCandidate {
  readonly #options: LeaseCandidateOptions;
  readonly #lock: LeaseLock;
  /** When the last successful renewal was begun; undefined while not leading. */
  #renewedAt: number | undefined;

  constructor(options: LeaseCandidateOptions) {
    this.#options = options;
    this.#lock = new LeaseLock({ ...options, durationMs: options.timings.leaseDurationMs });
  }

  /**
   * True while this process may act as the leader. Looks at the clock: it turns false the moment time is up.
   */
  get isLeading(): boolean {
    return this.#renewedAt !== undefined && this.leadsForMs > 0;
  }

  /** Milliseconds until the renew deadline; not above 0 when it has passed or this replica does not lead. */
  get leadsForMs(): number {
    return (this.#renewedAt ?? 0) + this.#options.timings.renewDeadlineMs - this.#now();
  }

  /** Who held the lease when it was last seen; undefined when it had no holder. */
  get holder(): string | undefined {
    return this.#lock.spec.holderIdentity || undefined;
  }

  get isTakenOver(): boolean {
    return this.holder !== undefined && this.holder !== this.#options.identity;
  }

  get transitions(): number {
    return this.#lock.spec.leaseTransitions ?? 0;
  }

  /** Milliseconds until the holder's time is up, as far as was seen here. */
  get expiresInMs(): number {
    return this.#lock.expiresInMs;
  }

  get isKnown(): boolean {
    return this.#now() - this.#lock.contactAt < 2 * this.#options.timings.leaseDurationMs;
  }

  /** One attempt, bounded so that a hung connection leaves time for another. Never throws. */
  async tryAcquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const timeoutMs = this.#options.timings.renewDeadlineMs / 2;
    const timedOut = () => new Error(`no answer within ${timeoutMs} ms`);
    using deadline = new TimeoutSignal(this.#options.clock, timeoutMs, timedOut, signal);
    try {
      // Raced, because a deadline that depends on the obedience of what it limits is none.
      return await abortable(this.#attempt(deadline.signal), deadline.signal);
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) {
        this.#options.logger.debug({ err: error }, 'another candidate was faster');
      } else if (!signal.aborted) {
        this.#options.logger.warn({ err: error }, 'the lease could not be read or written');
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

  /** Gives the lease back if it is held. Best effort: otherwise it expires. */
  async release(): Promise<void> {
    if (!this.isLeading) {
      return;
    }
    const timedOut = () => new Error('no answer in time');
    using deadline = new TimeoutSignal(
      this.#options.clock,
      this.#options.timings.renewDeadlineMs / 2,
      timedOut,
    );
    try {
      await this.#lock.release(deadline.signal);
      this.#options.logger.info('released the lease');
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the lease was not released; it expires');
    }
  }

  /** Leads no more, whatever the lease still says. */
  resign(): void {
    this.#renewedAt = undefined;
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
