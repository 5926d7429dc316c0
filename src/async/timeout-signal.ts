import type { Clock } from './clock.ts';

/**
 * An abort signal that fires when its parent does or when time runs out, whichever is first. Disposing of it
 * takes its listener off the parent: `AbortSignal.any` keeps one there until collected, and a process-long
 * parent sees millions of calls.
 */
export class TimeoutSignal implements Disposable {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #parent: AbortSignal | undefined;
  readonly #reason: () => Error;
  #cancelTimer: () => void;
  #expired = false;

  /** @param reason made only when time runs out; becomes the signal's reason. */
  constructor(clock: Clock, timeoutMs: number, reason: () => Error, parent?: AbortSignal) {
    this.#clock = clock;
    this.#parent = parent;
    this.#reason = reason;
    this.#cancelTimer = clock.after(timeoutMs, this.#onTimeout);
    if (parent?.aborted) {
      this.#onParentAbort();
    } else {
      parent?.addEventListener('abort', this.#onParentAbort, { once: true });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when time ran out before anything else happened. */
  get expired(): boolean {
    return this.#expired;
  }

  /** Starts the time anew: with `timeoutMs` from now this becomes an idle timer. */
  restart(timeoutMs: number): void {
    this.#cancelTimer();
    if (!this.#controller.signal.aborted) {
      this.#cancelTimer = this.#clock.after(timeoutMs, this.#onTimeout);
    }
  }

  [Symbol.dispose](): void {
    this.#cancelTimer();
    this.#parent?.removeEventListener('abort', this.#onParentAbort);
  }

  readonly #onTimeout = (): void => {
    this.#expired = true;
    this.#controller.abort(this.#reason());
  };

  readonly #onParentAbort = (): void => {
    this.#cancelTimer();
    this.#controller.abort(this.#parent?.reason);
  };
}
