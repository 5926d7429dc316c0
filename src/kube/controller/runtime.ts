import type { Logger } from 'pino';
import type { Clock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import type { Cache } from '../cache/cache.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { LeaderElector } from '../leaderelection/leader-elector.ts';
import type { Controller } from './controller.ts';
import { ShutdownError } from './reconcile.ts';

/** What a {@link Runtime} runs. */
export interface RuntimeOptions {
  readonly caches: readonly Cache[];
  readonly controllers: readonly Controller[];
  /** Left out: the controllers run at once, for a single replica and for tests. */
  readonly elector?: LeaderElector;
  readonly recorder?: EventRecorder;
  /** How long reconciles may take to reach a safe point. Below the pod's terminationGracePeriodSeconds. */
  readonly shutdownGraceMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Reconciles were still running when the time for a shutdown was over. */
export class ShutdownTimeoutError extends Error {
  constructor(graceMs: number) {
    super(`reconciles did not reach a safe point within ${graceMs} ms; the lease is left to expire`);
    this.name = 'ShutdownTimeoutError';
  }
}

/** Time for the last events at the end of a shutdown. */
const EVENT_GRACE_MS = 2_000;

/**
 * Starts and stops the parts in the right order (controller-runtime: Manager).
 *
 * Up: caches everywhere, leader or not, so that a new leader starts warm; then the election; then the
 * controllers, which wait for the caches. Down: queues stop, reconciles are aborted and reach a safe point,
 * while the lease is still renewed; then the lease is released, the last events are written, and the caches
 * end.
 */
export class Runtime {
  readonly #options: RuntimeOptions;

  constructor(options: RuntimeOptions) {
    this.#options = options;
  }

  /**
   * Runs until `signal` aborts and everything has ended in good order. Rejects with `LeadershipLostError` or
   * {@link ShutdownTimeoutError}: then the process must exit with an error and without delay.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { elector, recorder, logger } = this.#options;
    const shutdown = new AbortController();
    const onSignal = (): void => {
      logger.info('shutting down');
      shutdown.abort(new ShutdownError());
    };
    signal.addEventListener('abort', onSignal, { once: true });
    if (signal.aborted) {
      onSignal();
    }
    const caching = new AbortController();
    const caches = Promise.all(this.#options.caches.map((cache) => cache.run(caching.signal)));
    const work = elector
      ? elector.run(shutdown.signal, (term) => this.#lead(term))
      : this.#lead(shutdown.signal);
    try {
      // The caches end only when they are aborted, below; if one rejects before that, it is a defect, and
      // ends everything.
      await Promise.race([work, new Promise<never>((_resolve, reject) => caches.catch(reject))]);
    } finally {
      shutdown.abort(new ShutdownError());
      // Thrown above already, unless a cache's defect came first; that one is worth more.
      await work.catch(() => undefined);
      await recorder?.close(EVENT_GRACE_MS);
      caching.abort(new ShutdownError());
      await caches;
      signal.removeEventListener('abort', onSignal);
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { controllers, clock, shutdownGraceMs } = this.#options;
    const working = Promise.all(controllers.map((controller) => controller.run(signal)));
    const ended = new AbortController();
    const overdue = new Promise<never>((_resolve, reject) => {
      const onAbort = (): void => {
        sleep(clock, shutdownGraceMs, ended.signal).then(
          () => reject(new ShutdownTimeoutError(shutdownGraceMs)),
          () => undefined,
        );
      };
      signal.addEventListener('abort', onAbort, { once: true });
      ended.signal.addEventListener('abort', () => signal.removeEventListener('abort', onAbort), {
        once: true,
      });
    });
    try {
      await Promise.race([working, overdue]);
    } finally {
      ended.abort();
    }
  }
}
