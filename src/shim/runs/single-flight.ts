import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { Clock } from '../../async/clock.ts';
import { Semaphore } from '../../async/semaphore.ts';
import { TimeoutSignal } from '../../async/timeout-signal.ts';
import type { Tenant } from '../auth/tenants.ts';
import { HTTPError, retryLater } from '../http/answer.ts';
import type { Recoveries, RecoveryRequest, StartedRecovery } from './recoveries.ts';

/** How many requests may be with the API server at once; the others wait their turn. */
const MAX_IN_FLIGHT = 32;

/** How long a request waits for its turn, in milliseconds. */
const MAX_WAIT_MS = 8_000;

/**
 * Spares the API server what a burst of requests for one app would ask of it (singleflight, as in Go): while
 * one request is on its way, the others for the same app share its fate. Correctness does not rest on it,
 * only load does: other shims know nothing of it.
 */
export class SingleFlightRecoveries implements Recoveries {
  readonly #inner: Recoveries;
  readonly #clock: Clock;
  readonly #byApp = new Map<string, Promise<StartedRecovery>>();
  readonly #inFlight = new Semaphore(MAX_IN_FLIGHT);

  constructor(inner: Recoveries, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  get ready(): boolean {
    return this.#inner.ready;
  }

  isReadyFor(tenant: Tenant): boolean {
    return this.#inner.isReadyFor(tenant);
  }

  find(tenant: Tenant, uid: string): BootstrapRecovery | undefined {
    return this.#inner.find(tenant, uid);
  }

  async waitForDecision(run: BootstrapRecovery, signal: AbortSignal): Promise<BootstrapRecovery | undefined> {
    return await this.#inner.waitForDecision(run, signal);
  }

  async withdraw(run: BootstrapRecovery): Promise<void> {
    await this.#inner.withdraw(run);
  }

  async start(request: RecoveryRequest): Promise<StartedRecovery> {
    const app = JSON.stringify([request.tenant, request.admin, request.appName]);
    // A request with a key may mean a run that the other request knows nothing of.
    const ahead = request.idempotencyKey === undefined ? this.#byApp.get(app) : undefined;
    if (ahead !== undefined) {
      const { kind } = await ahead;
      if (kind === 'created' || kind === 'inProgress') {
        return { kind: 'inProgress' };
      }
    }
    const started = this.#startInTurn(request);
    this.#byApp.set(app, started);
    try {
      return await started;
    } finally {
      if (this.#byApp.get(app) === started) {
        this.#byApp.delete(app);
      }
    }
  }

  async #startInTurn(request: RecoveryRequest): Promise<StartedRecovery> {
    const busy = (): HTTPError => new HTTPError(retryLater(503, 'too many recoveries at once; try again', 5));
    using deadline = new TimeoutSignal(this.#clock, MAX_WAIT_MS, busy);
    const release = await this.#inFlight.acquire(1, deadline.signal);
    try {
      return await this.#inner.start(request);
    } finally {
      release();
    }
  }
}
