import type { Logger } from 'pino';
import type { TerminalError } from '../../errors.ts';
import type { ObjectKey } from '../client/object-key.ts';

/** What a reconcile that went well asks for. */
export interface ReconcileResult {
  /**
   * Look again after this many milliseconds even if nothing changes. Left out or 0: only when something
   * changes.
   */
  readonly requeueAfterMs?: number;
}

/** What a reconcile is handed besides its key. */
export interface ReconcileContext {
  /**
   * Aborts on shutdown (`ShutdownError`), on lost leadership (`LeadershipLostError`) and after the
   * controller's reconcile time-out (`ReconcileTimeoutError`). A reconcile stops at its next safe point and
   * then returns or throws; until it does, its key is not handed out again. After lost leadership it writes
   * nothing more, status included: the next leader does.
   */
  readonly signal: AbortSignal;
  /** Carries `controller`, `namespace`, `name` and `reconcileID`. */
  readonly logger: Logger;
  /** Unique for this run. */
  readonly reconcileID: string;
  /** Failures of this key since its last success. */
  readonly retries: number;
}

/**
 * Brings the world closer to what one object asks for.
 *
 * Level-based: it is given the key of an object and not what happened to it. Any number of changes may
 * stand behind one call, and a call may come when nothing changed at all, so it reads the present state,
 * compares, and acts on the difference. An object that is gone is reconciled too. A key is never reconciled
 * twice at once; different keys are.
 *
 * - Returns: done. The key's failures are forgotten; `requeueAfterMs` brings it back.
 * - Throws: tried again with exponential backoff, for as long as it takes.
 * - Throws {@link TerminalError}: counted and logged, not tried again until something changes.
 */
export interface Reconciler {
  // biome-ignore lint/suspicious/noConfusingVoidType: a reconciler with nothing to ask for returns nothing.
  reconcile(key: ObjectKey, context: ReconcileContext): Promise<ReconcileResult | void>;
}

/** Abort reason: the reconcile took longer than its controller allows. */
export class ReconcileTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`the reconcile took longer than ${timeoutMs} ms`);
    this.name = 'ReconcileTimeoutError';
  }
}

/** Abort reason: the process was asked to stop. Status may still be written. */
export class ShutdownError extends Error {
  constructor() {
    super('shutting down');
    this.name = 'ShutdownError';
  }
}
