import { Semaphore } from '../../async/semaphore.ts';
import type { RefreshStatus } from './decide.ts';
import type { TaskAnswer } from './server-api.ts';

/** What came of a call to a server. */
export type RefreshCallResult =
  | { readonly kind: 'sent'; readonly refresh: RefreshStatus }
  | { readonly kind: 'task'; readonly task: TaskAnswer | undefined };

/** Calls to servers at once, over all targets: each has its own time-outs. */
const maxConcurrentCalls = 4;

/**
 * Calls to servers beside the work of the controller: a server that hangs must not keep a worker. One call
 * for each app; its result stays until what follows from it is written.
 */
export class BackgroundCalls {
  readonly #done: (id: string) => void;
  readonly #slots = new Semaphore(maxConcurrentCalls);
  readonly #running = new Set<string>();
  readonly #results = new Map<string, RefreshCallResult>();

  /** @param done called when a result is there */
  constructor(done: (id: string) => void) {
    this.#done = done;
  }

  isRunning(id: string): boolean {
    return this.#running.has(id);
  }

  /** Starts a call unless one is under way for the app. A call that is aborted has no result. */
  start(id: string, call: () => Promise<RefreshCallResult>, signal: AbortSignal): void {
    if (this.#running.has(id)) {
      return;
    }
    this.#running.add(id);
    void this.#run(id, call, signal);
  }

  /** The result of the last call, until it is dropped. */
  result(id: string): RefreshCallResult | undefined {
    return this.#results.get(id);
  }

  /** Drops a result; another one that has come since stays. */
  drop(id: string, result: RefreshCallResult): void {
    if (this.#results.get(id) === result) {
      this.#results.delete(id);
    }
  }

  /** Drops what there is of an app. */
  forget(id: string): void {
    this.#results.delete(id);
  }

  async #run(id: string, call: () => Promise<RefreshCallResult>, signal: AbortSignal): Promise<void> {
    try {
      const release = await this.#slots.acquire(1, signal);
      try {
        this.#results.set(id, await call());
      } finally {
        release();
      }
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    } finally {
      this.#running.delete(id);
      if (!signal.aborted) {
        this.#done(id);
      }
    }
  }
}
