import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { findCondition } from '../../api/condition.ts';
import { elapsedMs } from '../../api/stored-time.ts';
import type { Clock } from '../../async/clock.ts';
import { RecoveryError } from '../../errors.ts';
import { lockKey } from '../../faynosync/keys.ts';
import { taskOfOwner } from '../../recovery/recovery-lock.ts';
import { lockPauseMs } from '../../recovery/retry.ts';
import type { StateStore } from '../../redis/state-store.ts';
import type { AttemptEnd } from './attempt-end.ts';
import { draftOf, waiting } from './draft.ts';
import type { RunStatus } from './run-status.ts';

/**
 * Whether a run that waits for the lock of another recovery has to go on waiting: one small question to Redis, before anything is
 * verified anew.
 */
export async function isStillLocked(
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

/** Leaves the status as it is, with a new time to look again. */
export async function waitForLock(status: RunStatus, deadline: Date, clock: Clock): Promise<AttemptEnd> {
  const { run } = status;
  const now = clock.now();
  const pauseMs = lockPauseMs(elapsedMs(run.status.startTime, now));
  const nextAttemptTime = new Date(Math.min(now.getTime() + pauseMs, deadline.getTime()));
  await status.write(waiting(draftOf(run), nextAttemptTime));
  return { run: status.run, nextAttemptTime };
}
