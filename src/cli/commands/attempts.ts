import type { Clock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import { RecoveryError } from '../../errors.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import { nextStep, type RetryFacts } from '../../recovery/retry.ts';
import { durationText } from '../output/duration-text.ts';

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
  /** Called before each pause, for the person who waits. */
  readonly onPause: (outcome: Outcome, waitMs: number) => void;
}

/**
 * Repeats a run's attempt by the policy that the controller follows, within one process. A plan that waits
 * for approval ends here: a process that doesn't ask can't be given one.
 */
export async function runToEnd(
  attempt: (resumed: boolean, deadline: Date) => Promise<Outcome>,
  limits: AttemptLimits,
): Promise<Outcome> {
  const { clock, backoffLimit } = limits;
  let { deadline } = limits;
  let lockWait: Pick<RetryFacts, 'lockWaitDeadline'> = {};
  let resumed = false;
  for (let failures = 0; ; ) {
    const outcome = await attempt(resumed, deadline);
    deadline = new Date(deadline.getTime() + outcome.lockWaitMs);
    resumed = true;
    if (outcome.retry === 'backoff') {
      failures += 1;
    }
    const now = clock.now();
    const step = nextStep({
      ...lockWait,
      outcome,
      failures,
      backoffLimit,
      deadline,
      now,
      random: limits.random(),
    });
    if (step.kind === 'final') {
      return step.outcome;
    }
    if (step.kind === 'await') {
      return outcome;
    }
    ({ deadline } = step);
    lockWait = step.lockWaitDeadline === undefined ? lockWait : { lockWaitDeadline: step.lockWaitDeadline };
    const wait = step.at.getTime() - now.getTime();
    limits.onPause(outcome, wait);
    try {
      await sleep(clock, wait, limits.signal);
    } catch (error) {
      if (!(error instanceof RecoveryError)) {
        throw error;
      }
      return cancelled(outcome, error);
    }
  }
}

/** Between two attempts nothing is under way, so an interruption leaves Redis as the last one did. */
function cancelled(outcome: Outcome, error: RecoveryError): Outcome {
  const message = `${error.message} What it waited for: ${outcome.succeeded.message}`;
  return { ...outcome, retry: 'none', error, succeeded: { reason: 'Cancelled', message } };
}

/** For the person who waits: why, and for how long. */
export function pauseText({ retry, succeeded }: Outcome, waitMs: number): string {
  const why = retry === 'wait' ? 'Waiting' : 'Attempt failed';
  return `${why}: ${succeeded.message} Next try in ${durationText(Math.max(1_000, waitMs))}.`;
}
