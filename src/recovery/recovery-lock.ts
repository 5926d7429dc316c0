import { lockKey } from '../faynosync/keys.ts';
import type { Lock } from '../redis/state-store.ts';
import type { RunRequest } from './request.ts';

/** The server's own recovery holds its lock this much longer than its time-out, and so does ours. */
const MARGIN_MS = 30_000;
const MAX_TIMEOUT_MS = 300_000;

/** The lock of the app with the task as its owner; it outlives the deadline, so that nobody enters before we left. */
export function recoveryLock({ app, taskID, deadline, clock }: RunRequest): Lock {
  const left = deadline.getTime() - clock.now().getTime();
  const ttlMs = Math.max(0, Math.min(left, MAX_TIMEOUT_MS)) + MARGIN_MS;
  return { key: lockKey(app), owner: taskID, ttlMs };
}
