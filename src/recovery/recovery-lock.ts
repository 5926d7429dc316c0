import { lockKey } from '../faynosync/keys.ts';
import type { Lock } from '../redis/state-store.ts';
import type { RunRequest } from './request.ts';

/** The server's own recovery holds its lock this much longer than its time-out, and so does ours. */
const MARGIN_MS = 30_000;
const MAX_TIMEOUT_MS = 300_000;

/** The lock of the app, owned by this attempt of the task; it outlives the deadline, so that no other enters before we left. */
export function recoveryLock({ app, taskID, attemptID, deadline, clock }: RunRequest): Lock {
  const left = deadline.getTime() - clock.now().getTime();
  const ttlMs = Math.max(0, Math.min(left, MAX_TIMEOUT_MS)) + MARGIN_MS;
  const owner = attemptID === undefined ? taskID : `${taskID}/${attemptID}`;
  return { key: lockKey(app), owner, task: taskID, ttlMs };
}

/** The task whose attempt owns a lock; an owner of the server's own is its task. */
export function taskOfOwner(owner: string): string {
  return owner.split('/', 1)[0] ?? owner;
}
