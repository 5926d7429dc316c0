import { roundUpToSecond } from '../api/stored-time.ts';
import type { Outcome } from './outcome.ts';
import { LOCK_WAIT_MS } from './run-deadline.ts';

/** What the policy looks at. Times are on the clock that the deadline is on. */
export interface RetryFacts {
  readonly outcome: Outcome;
  /** Attempts that ended in a transient failure so far, this one included. */
  readonly failures: number;
  /** How many times a transient failure is tried again; undefined: until the deadline. */
  readonly backoffLimit: number | undefined;
  /** Milliseconds since the task began: what waits for long looks less often. */
  readonly sinceStartMs?: number;
  readonly deadline: Date;
  /**
   * When waiting for the lock of another recovery ends; undefined before the run waits for the first time.
   */
  readonly lockWaitDeadline?: Date;
  readonly now: Date;
  /** Uniform in [0, 1), for the jitter. */
  readonly random: number;
}

/** What follows an attempt. */
export type NextStep =
  /** Nothing: this is the outcome of the whole task. */
  | { readonly kind: 'final'; readonly outcome: Outcome }
  | {
      readonly kind: 'attempt';
      readonly at: Date;
      /** The run's deadline from now on: later than before when it waits for the lock of another recovery. */
      readonly deadline: Date;
      readonly lockWaitDeadline?: Date;
    }
  /** Nothing, until a person changes something: a plan waits for approval. No deadline runs meanwhile. */
  | { readonly kind: 'await' };

const FIRST_BACKOFF_MS = 1_000;
/** The longest pause between two attempts, in milliseconds. */
export const LONGEST_PAUSE_MS = 30_000;
/** How often to look whether another recovery is done: at first, and after a long wait. */
const FIRST_LOOK_MS = 2_000;
const LAST_LOOK_MS = 15_000;

/**
 * When a task is tried again, the same for the controller and the command line: transient failures with
 * exponential backoff until the deadline, or at most `backoffLimit` times when there is such a limit; a wait
 * for another process or a person without counting.
 */
export function nextStep(facts: RetryFacts): NextStep {
  const { outcome, failures, backoffLimit, deadline, now, random } = facts;
  const { retry, succeeded } = outcome;
  if (retry === 'none') {
    return { kind: 'final', outcome };
  }
  if (succeeded.reason === 'AwaitingApproval') {
    return { kind: 'await' };
  }
  if (retry === 'backoff' && backoffLimit !== undefined && failures > backoffLimit) {
    return final(outcome, 'BackoffLimitExceeded', `Given up after ${failures} attempts. The last failure: `);
  }
  if (succeeded.reason === 'WaitingForLock') {
    return afterLockWait(facts);
  }
  const pauseMs = retry === 'wait' ? FIRST_LOOK_MS : backoffMs(failures, random);
  const at = new Date(now.getTime() + pauseMs);
  if (at.getTime() >= deadline.getTime()) {
    return final(
      outcome,
      'DeadlineExceeded',
      'The time given by timeoutSeconds ran out. What it waited for: ',
    );
  }
  return { kind: 'attempt', at, deadline };
}

/** The run's own time stands still while another recovery holds the lock; the wait has a bound of its own. */
function afterLockWait({
  outcome,
  deadline,
  now,
  sinceStartMs = 0,
  lockWaitDeadline = new Date(now.getTime() + LOCK_WAIT_MS),
}: RetryFacts): NextStep {
  if (now >= lockWaitDeadline) {
    const waited = `The run waited ${LOCK_WAIT_MS / 1000} s for the lock, apart from timeoutSeconds. `;
    return final(outcome, 'DeadlineExceeded', waited);
  }
  const pauseMs = Math.min(lockPauseMs(sinceStartMs), lockWaitDeadline.getTime() - now.getTime());
  const { at, pausedMs } = endOfPause(now, pauseMs);
  return { kind: 'attempt', at, deadline: new Date(deadline.getTime() + pausedMs), lockWaitDeadline };
}

/** The longest time from one look at the lock of another recovery to the next, in milliseconds. */
export const LONGEST_LOCK_PAUSE_MS = LAST_LOOK_MS + 1_000;

/**
 * A pause ends at a whole second, because that is how a time is stored; all of it is time that does not
 * count.
 */
export function endOfPause(now: Date, pauseMs: number): { readonly at: Date; readonly pausedMs: number } {
  const at = roundUpToSecond(new Date(now.getTime() + pauseMs));
  return { at, pausedMs: at.getTime() - now.getTime() };
}

/**
 * Milliseconds until the lock of another recovery is read again: a run that has waited for long reads it less
 * often.
 */
export function lockPauseMs(sinceStartMs: number): number {
  return Math.min(LAST_LOOK_MS, Math.max(FIRST_LOOK_MS, sinceStartMs / 4));
}

/** Between half and all of an exponential bound: never at once, never in step with others. */
function backoffMs(failures: number, random: number): number {
  const bound = Math.min(LONGEST_PAUSE_MS, FIRST_BACKOFF_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(bound * (0.5 + random / 2));
}

function final(
  outcome: Outcome,
  reason: 'BackoffLimitExceeded' | 'DeadlineExceeded',
  prefix: string,
): NextStep {
  const succeeded = { reason, message: `${prefix}${outcome.succeeded.message}` };
  return { kind: 'final', outcome: { ...outcome, retry: 'none', succeeded } };
}
