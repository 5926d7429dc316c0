import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { Recoveries, RecoveryOrder, Started } from './recoveries.ts';

/** How many orders may be with the API server at once; the others wait their turn. */
const MAX_IN_FLIGHT = 32;

/**
 * Spares the API server what a burst of requests for one app would ask of it (singleflight, as in Go): while one order is on its way,
 * the others of the same app share its fate. Correctness does not rest on it, only load does: other shims know nothing of it.
 */
export class SingleFlightRecoveries implements Recoveries {
  readonly #inner: Recoveries;
  readonly #byApp = new Map<string, Promise<Started>>();
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;

  constructor(inner: Recoveries) {
    this.#inner = inner;
  }

  get ready(): boolean {
    return this.#inner.ready;
  }

  find(uid: string): BootstrapRecovery | undefined {
    return this.#inner.find(uid);
  }

  async decided(run: BootstrapRecovery, signal: AbortSignal): Promise<BootstrapRecovery | undefined> {
    return await this.#inner.decided(run, signal);
  }

  async withdraw(run: BootstrapRecovery): Promise<void> {
    await this.#inner.withdraw(run);
  }

  async start(order: RecoveryOrder): Promise<Started> {
    const app = JSON.stringify([order.tenant, order.admin, order.appName]);
    // An order with a key may mean a run that the other order knows nothing of.
    const ahead = order.idempotencyKey === undefined ? this.#byApp.get(app) : undefined;
    if (ahead !== undefined) {
      const { kind } = await ahead;
      if (kind === 'created' || kind === 'inProgress') {
        return { kind: 'inProgress' };
      }
    }
    const started = this.#startInTurn(order);
    this.#byApp.set(app, started);
    try {
      return await started;
    } finally {
      if (this.#byApp.get(app) === started) {
        this.#byApp.delete(app);
      }
    }
  }

  async #startInTurn(order: RecoveryOrder): Promise<Started> {
    if (this.#inFlight < MAX_IN_FLIGHT) {
      this.#inFlight += 1;
    } else {
      // Whoever leaves hands over the place, so that nobody who comes in between can take it.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await this.#inner.start(order);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#inFlight -= 1;
      } else {
        next();
      }
    }
  }
}
