import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { Tenant } from '../auth/tenants.ts';

/** One app of one admin, on one target. */
export interface AppRef {
  readonly tenant: Tenant;
  readonly admin: string;
  readonly appName: string;
}

/** A recovery somebody asks for. */
export interface RecoveryOrder extends AppRef {
  /** 1 to 300. */
  readonly timeoutSeconds: number;
  /** The `Idempotency-Key` header: the same key means the same request, sent again. */
  readonly idempotencyKey: string | undefined;
}

/** What became of an order. */
export type Started =
  /** A run was created for it. */
  | { readonly kind: 'created'; readonly run: BootstrapRecovery }
  /** It was given before, with the same key, and this is its run. */
  | { readonly kind: 'repeated'; readonly run: BootstrapRecovery }
  /** Another run of the app has not finished. */
  | { readonly kind: 'inProgress' }
  /** The key was used for another app. */
  | { readonly kind: 'keyReused' };

/**
 * The recoveries the shim can see and start. The only state behind it is the BootstrapRecovery objects themselves, so any number
 * of shims can serve the same apps.
 */
export interface Recoveries {
  /** False until everything is known that {@link find} is asked for. */
  readonly ready: boolean;

  /** The run with that uid, as last seen. */
  find(uid: string): BootstrapRecovery | undefined;

  /**
   * Starts a recovery unless one of the app has not finished. However many are asked for at once, of however many shims, at most
   * one is created.
   * @throws {Refusal} 503 when the Kubernetes API can't be reached or says no.
   */
  start(order: RecoveryOrder): Promise<Started>;

  /**
   * The run once it is decided or finished; as last seen when `signal` aborts first; undefined when it was deleted.
   */
  decided(run: BootstrapRecovery, signal: AbortSignal): Promise<BootstrapRecovery | undefined>;

  /** Takes back a run whose request was refused: cancels it if it waits for another one to end, and keeps it only for a short time. */
  withdraw(run: BootstrapRecovery): Promise<void>;
}
