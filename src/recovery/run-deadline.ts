import { TimeoutSignal } from '../async/timeout-signal.ts';
import { TerminalError } from '../errors.ts';
import type { RunRequest } from './request.ts';

/**
 * The longest a run waits for the lock of another recovery, in milliseconds. The server's own recovery holds
 * its lock for 330 s after a crash, and nothing gives it back earlier.
 */
export const LOCK_WAIT_MS = 360_000;

/**
 * The time of one attempt. Waiting for the lock of another recovery has a bound of its own and does not
 * count.
 */
export class RunDeadline implements Disposable {
  readonly #clock: RunRequest['clock'];
  readonly #deadline: TimeoutSignal;
  #endsAt: number;
  #lockWaitLeftMs: number;
  #lockWaitMs = 0;

  /**
   * Aborts with `DeadlineExceeded` when the request's deadline passes, or with the request's own reason
   * before.
   */
  constructor({
    deadline,
    clock,
    signal,
    lockWaitMs = LOCK_WAIT_MS,
  }: Pick<RunRequest, 'deadline' | 'clock' | 'signal' | 'lockWaitMs'>) {
    const expired = () => new TerminalError('DeadlineExceeded', 'The time given by timeoutSeconds ran out.');
    const leftMs = deadline.getTime() - clock.now().getTime();
    this.#clock = clock;
    this.#endsAt = clock.monotonic() + leftMs;
    this.#lockWaitLeftMs = lockWaitMs;
    this.#deadline = new TimeoutSignal(clock, leftMs, expired, signal);
  }

  get signal(): AbortSignal {
    return this.#deadline.signal;
  }

  /** Milliseconds until the deadline. */
  get leftMs(): number {
    return this.#endsAt - this.#clock.monotonic();
  }

  /** Milliseconds that were spent waiting for the lock of another recovery. */
  get lockWaitMs(): number {
    return this.#lockWaitMs;
  }

  /** Waits outside of the run's own time; false, without waiting, when the time for that is used up. */
  async waitForLock(wait: () => Promise<void>): Promise<boolean> {
    if (this.#lockWaitLeftMs <= 0) {
      return false;
    }
    const { leftMs } = this;
    const startedAt = this.#clock.monotonic();
    this.#deadline.restart(leftMs + this.#lockWaitLeftMs);
    try {
      await wait();
    } finally {
      const waitedMs = this.#clock.monotonic() - startedAt;
      this.#lockWaitMs += waitedMs;
      this.#lockWaitLeftMs -= waitedMs;
      this.#endsAt += waitedMs;
      this.#deadline.restart(leftMs);
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.#deadline[Symbol.dispose]();
  }
}
