import type { Outcome } from '../recovery/outcome.ts';
import type { Clock } from '../recovery/request.ts';
import { durationText } from './duration-text.ts';

/** How long and how often {@link runToEnd} tries. */
export interface AttemptLimits {
  /** Tries after transient failures. */
  readonly backoffLimit: number;
  /** When to give up, on the clock. */
  readonly deadline: Date;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Uniform in [0, 1), for the jitter. */
  readonly random: () => number;
  /** Told before each pause, for the person who waits. */
  readonly onPause: (outcome: Outcome, waitMs: number) => void;
}

const firstBackoffMs = 1_000;
const longestBackoffMs = 30_000;
/** How often to look whether somebody else is done. */
const lookAgainMs = 2_000;

/**
 * Repeats a run's attempt as the controller would, within one process: transient failures with exponential backoff and
 * jitter, at most `backoffLimit` times; a lock or a bootstrap of somebody else until the deadline. A plan that waits for
 * approval ends: nobody can give it to a process that doesn't ask.
 */
export async function runToEnd(attempt: () => Promise<Outcome>, limits: AttemptLimits): Promise<Outcome> {
  const { clock, deadline, signal } = limits;
  for (let failures = 0; ; ) {
    const outcome = await attempt();
    if (outcome.retry === 'none' || outcome.succeeded.reason === 'AwaitingApproval') return outcome;
    if (outcome.retry === 'backoff') {
      failures += 1;
      if (failures > limits.backoffLimit) return exhausted(outcome, failures);
    }
    const wait = outcome.retry === 'wait' ? lookAgainMs : backoff(failures, limits.random());
    if (clock.now().getTime() + wait >= deadline.getTime()) return timedOut(outcome);
    limits.onPause(outcome, wait);
    await clock.sleep(wait, signal);
  }
}

/** Between half and all of an exponential bound: never at once, never in step with others. */
function backoff(failures: number, random: number): number {
  return Math.min(longestBackoffMs, firstBackoffMs * 2 ** (failures - 1)) * (0.5 + random / 2);
}

function exhausted(outcome: Outcome, attempts: number): Outcome {
  const message = `Given up after ${attempts} attempts. The last failure: ${outcome.succeeded.message}`;
  return { ...outcome, retry: 'none', succeeded: { reason: 'BackoffLimitExceeded', message } };
}

function timedOut(outcome: Outcome): Outcome {
  const message = `The time given by --timeout ran out. What it waited for: ${outcome.succeeded.message}`;
  return { ...outcome, retry: 'none', succeeded: { reason: 'DeadlineExceeded', message } };
}

/** For the person who waits: why, and for how long. */
export function pauseText(outcome: Outcome, waitMs: number): string {
  const why = outcome.retry === 'wait' ? 'Waiting' : 'Attempt failed';
  return `${why}: ${outcome.succeeded.message} Next try in ${durationText(Math.max(1_000, waitMs))}.`;
}
