import type { Logger } from 'pino';
import type { Clock } from '../../async/clock.ts';
import { errorMessage } from '../../errors.ts';
import type { RuntimeMetrics } from '../metrics/runtime-metrics.ts';
import { reasonOf } from './watch-failure.ts';

/** Options of {@link WatchHealth}. */
export interface WatchHealthOptions {
  /** Name of the resource in metrics. */
  readonly resource: string;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly clock: Clock;
}

/**
 * Whether a watch loop still turns, and what keeps it from working: what probes and metrics ask a reflector.
 */
export class WatchHealth {
  readonly #options: WatchHealthOptions;
  #lastSign: number;
  #failure: string | undefined;

  constructor(options: WatchHealthOptions) {
    this.#options = options;
    this.#lastSign = options.clock.monotonic();
  }

  /** What last went wrong, until something works again. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Milliseconds since the last sign of life: something arrived, or an attempt ended, either way. */
  get idleMs(): number {
    return this.#options.clock.monotonic() - this.#lastSign;
  }

  succeeded(): void {
    this.#lastSign = this.#options.clock.monotonic();
    this.#failure = undefined;
  }

  /** A failure is a sign of life, too: restarting the process would not bring the API server back. */
  failed(error: unknown): void {
    const { clock, metrics, logger, resource } = this.#options;
    this.#lastSign = clock.monotonic();
    this.#failure = errorMessage(error);
    metrics.watchErrors.inc({ resource, reason: reasonOf(error) });
    logger.warn({ err: error }, 'list or watch failed; trying again');
  }
}
