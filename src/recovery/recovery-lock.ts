import { lockKey } from '../faynosync/keys.ts';
import type { Lock } from '../redis/state-store.ts';
import type { RunRequest } from './request.ts';

/** The server's own recovery holds its lock this much longer than its time-out, and so does ours. */
const MARGIN_MS = 30_000;
const MAX_TIMEOUT_MS = 300_000;

/**
 * The lock of the app, owned by this attempt of the task; it outlives the deadline, so that no other enters
 * before we left.
 *
 * @param leftMs milliseconds until the deadline
 */
export function lockFor(
  { app, taskID, attemptID }: Pick<RunRequest, 'app' | 'taskID' | 'attemptID'>,
  leftMs: number,
): Lock {
  const ttlMs = Math.round(Math.max(0, Math.min(leftMs, MAX_TIMEOUT_MS)) + MARGIN_MS);
  const owner = attemptID === undefined ? taskID : `${taskID}/${attemptID}`;
  return { key: lockKey(app), owner, task: taskID, ttlMs };
}

/** The task whose attempt owns a lock; an owner of the server's own is its task. */
export function taskOfOwner(owner: string): string {
  return owner.split('/', 1)[0] ?? owner;
}
