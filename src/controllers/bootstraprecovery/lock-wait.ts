import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { findCondition } from '../../api/condition.ts';
import { elapsedMs, remainingMs } from '../../api/stored-time.ts';
import type { Clock } from '../../async/clock.ts';
import { RecoveryError } from '../../errors.ts';
import { lockKey } from '../../faynosync/keys.ts';
import { taskOfOwner } from '../../recovery/recovery-lock.ts';
import { endOfPause, lockPauseMs } from '../../recovery/retry.ts';
import { LOCK_WAIT_MS } from '../../recovery/run-deadline.ts';
import type { StateStore } from '../../redis/state-store.ts';
import type { AttemptEnd } from './attempt-end.ts';
import { draftOf, withNextAttempt } from './draft.ts';
import type { RunStatus } from './run-status.ts';

/**
 * Whether a run that waits for the lock of another recovery has to go on waiting: one small question to
 * Redis, before anything is verified anew.
 */
export async function checkLockStillHeld(
  store: StateStore,
  { metadata, spec, status }: BootstrapRecovery,
  signal: AbortSignal,
): Promise<boolean> {
  if (findCondition(status.conditions, 'Succeeded')?.reason !== 'WaitingForLock') {
    return false;
  }
  try {
    const key = lockKey(spec);
    const held = (await store.observe([key], signal)).values.get(key);
    return held?.kind === 'string' && taskOfOwner(held.value) !== metadata.uid;
  } catch (error) {
    if (error instanceof RecoveryError) {
      // The attempt meets the same trouble and says so.
      return false;
    }
    throw error;
  }
}

/** When waiting for the lock of another recovery ends, as stored. */
export function lockWaitDeadlineOf({ status }: Pick<BootstrapRecovery, 'status'>): {
  readonly lockWaitDeadline?: Date;
} {
  const stored = Date.parse(status.lockWaitDeadline ?? '');
  return Number.isNaN(stored) ? {} : { lockWaitDeadline: new Date(stored) };
}

/** Whether the time for waiting is not used up. A stored time further ahead than it can be is due. */
export function mayWaitForLock({ status }: BootstrapRecovery, now: Date): boolean {
  return remainingMs(status.lockWaitDeadline, LOCK_WAIT_MS, now) > 0;
}

/** Leaves the status as it is, with a new time to look again; the run's own time stands still meanwhile. */
export async function postponeForLock(status: RunStatus, deadline: Date, clock: Clock): Promise<AttemptEnd> {
  const { run } = status;
  const now = clock.now();
  const pauseMs = lockPauseMs(elapsedMs(run.status.startTime, now));
  const { lockWaitDeadline = now } = lockWaitDeadlineOf(run);
  const { at, pausedMs } = endOfPause(now, Math.min(pauseMs, lockWaitDeadline.getTime() - now.getTime()));
  await status.write(withNextAttempt(draftOf(run), at, new Date(deadline.getTime() + pausedMs)));
  return { run: status.run, nextAttemptTime: at };
}
