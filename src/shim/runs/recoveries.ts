import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { Tenant } from '../auth/tenants.ts';

/** One app of one admin, on one target. */
export interface AppRef {
  readonly tenant: Tenant;
  readonly admin: string;
  readonly appName: string;
}

/** A recovery that a client asks for. */
export interface RecoveryRequest extends AppRef {
  /** 1 to 300. */
  readonly timeoutSeconds: number;
  /** The `Idempotency-Key` header: the same key means the same request, sent again. */
  readonly idempotencyKey: string | undefined;
}

/** What became of a request. */
export type StartedRecovery =
  /** It created this run. */
  | { readonly kind: 'created'; readonly run: BootstrapRecovery }
  /** It came before, with the same key, and this is its run. */
  | { readonly kind: 'repeated'; readonly run: BootstrapRecovery }
  /** Another run of the app has not finished. */
  | { readonly kind: 'inProgress' }
  /** The key was used for another app. */
  | { readonly kind: 'keyReused' }
  /** The admin has too many runs that have not finished. */
  | { readonly kind: 'tooMany' };

/**
 * The recoveries the shim can see and start. The only state behind it is the BootstrapRecovery objects
 * themselves, so any number of shims can serve the same apps.
 */
export interface Recoveries {
  /**
   * Whether requests can be served: a namespace was listed, and every other one was listed or can't be for
   * now. One namespace without permissions leaves the others served.
   */
  readonly ready: boolean;

  /** False until everything is known that {@link find} and {@link start} need for this tenant. */
  isReadyFor(tenant: Tenant): boolean;

  /** The run with that uid in the tenant's namespace, as last seen. */
  find(tenant: Tenant, uid: string): BootstrapRecovery | undefined;

  /**
   * Starts a recovery unless one of the app has not finished. However many are requested at once, from
   * however many shims, at most one is created.
   * @throws {HTTPError} 503 when the Kubernetes API can't be reached or refuses.
   */
  start(request: RecoveryRequest): Promise<StartedRecovery>;

  /**
   * The run once it is decided or finished; as last seen when `signal` aborts first; undefined when it was
   * deleted.
   */
  waitForDecision(run: BootstrapRecovery, signal: AbortSignal): Promise<BootstrapRecovery | undefined>;

  /**
   * Withdraws a run whose request was refused: cancels it if it waits for another one to end, and keeps it
   * only for a short time. Only for the request that created the run: another one may have been promised its
   * result.
   */
  withdraw(run: BootstrapRecovery): Promise<void>;
}
