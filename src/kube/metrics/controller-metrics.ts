import type { RuntimeMetrics } from './runtime-metrics.ts';

/**
 * How a failed reconcile counts: an ordinary failure, one that repeating does not help, or a throw that no
 * code intended.
 */
export type ReconcileFailure = 'error' | 'terminal' | 'panic';

/** The metrics of one controller, as controller-runtime counts them. */
export class ControllerMetrics {
  readonly #controller: string;
  readonly #metrics: RuntimeMetrics;

  /** Series exist from the start, so that a rate over them is right from the first failure on. */
  constructor(controller: string, metrics: RuntimeMetrics, workers: number) {
    this.#controller = controller;
    this.#metrics = metrics;
    for (const result of ['error', 'requeue_after', 'requeue', 'success']) {
      metrics.reconcileTotal.inc({ controller, result }, 0);
    }
    metrics.reconcileErrors.inc({ controller }, 0);
    metrics.terminalReconcileErrors.inc({ controller }, 0);
    metrics.reconcilePanics.inc({ controller }, 0);
    metrics.reconcileTimeouts.inc({ controller }, 0);
    metrics.maxConcurrentReconciles.set({ controller }, workers);
    metrics.activeWorkers.set({ controller }, 0);
  }

  /** A worker took a key, until the returned function is called. */
  busy(): () => void {
    const controller = this.#controller;
    this.#metrics.activeWorkers.inc({ controller });
    return () => this.#metrics.activeWorkers.dec({ controller });
  }

  succeeded(result: 'success' | 'requeue_after'): void {
    this.#metrics.reconcileTotal.inc({ controller: this.#controller, result });
  }

  failed(failure: ReconcileFailure): void {
    const controller = this.#controller;
    this.#metrics.reconcileErrors.inc({ controller });
    this.#metrics.reconcileTotal.inc({ controller, result: 'error' });
    if (failure === 'terminal') {
      this.#metrics.terminalReconcileErrors.inc({ controller });
    } else if (failure === 'panic') {
      this.#metrics.reconcilePanics.inc({ controller });
    }
  }

  /** A reconcile ended, in whatever way. */
  took(seconds: number, timedOut: boolean): void {
    const controller = this.#controller;
    if (timedOut) {
      this.#metrics.reconcileTimeouts.inc({ controller });
    }
    this.#metrics.reconcileTime.observe({ controller }, seconds);
  }
}
