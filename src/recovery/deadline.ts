import { TerminalError } from '../errors.ts';
import type { RunRequest } from './request.ts';

/** A longer timer fires at once in Node. No run is given that much time. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The request's signal together with its deadline; disposing ends the timer. */
export interface Limit extends Disposable {
  readonly signal: AbortSignal;
}

/** Aborts with `DeadlineExceeded` when the request's deadline passes, or with the request's own reason before. */
export function limitOf({ deadline, clock, signal }: RunRequest): Limit {
  const expired = new AbortController();
  const done = new AbortController();
  const left = deadline.getTime() - clock.now().getTime();
  clock.sleep(Math.min(Math.max(0, left), LONGEST_TIMER_MS), done.signal).then(
    () => expired.abort(new TerminalError('DeadlineExceeded', 'The time given by timeoutSeconds ran out.')),
    // The run ended first.
    () => undefined,
  );
  return {
    signal: AbortSignal.any([signal, expired.signal]),
    [Symbol.dispose]: () => done.abort(),
  };
}
