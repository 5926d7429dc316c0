/** How far the clocks of two machines that keep time may be apart. */
const skewMs = 60_000;

/**
 * Milliseconds after which the status of an app is written again that has nothing new to say, to show that it
 * still holds.
 */
export const heartbeatMs = 3_600_000;

/** The same of a target: rarer, or a target with one app would double what that app costs. */
export const targetHeartbeatMs = 6 * heartbeatMs;

/**
 * Milliseconds since a time that was stored earlier, never negative. Infinity when it is missing, unreadable
 * or lies in the future: the clock that wrote it was wrong or has been corrected since, and waiting for it
 * could take years. So it counts as long ago, and what depends on it is due.
 */
export function elapsedMs(stored: string | undefined, now: Date): number {
  const elapsed = now.getTime() - Date.parse(stored ?? '');
  return Number.isNaN(elapsed) || elapsed < -skewMs ? Infinity : Math.max(0, elapsed);
}

/**
 * Milliseconds until a time that was stored earlier and is at most `longestMs` after its writing, never
 * negative. 0 when it is missing, unreadable, past, or further ahead than it can be by a clock that is right:
 * then it is due.
 */
export function remainingMs(stored: string | undefined, longestMs: number, now: Date): number {
  const remaining = Date.parse(stored ?? '') - now.getTime();
  return Number.isNaN(remaining) || remaining > longestMs + skewMs
    ? 0
    : Math.min(longestMs, Math.max(0, remaining));
}

/** metav1.Time holds whole seconds: anything finer would differ from what the API server gives back. */
export function rfc3339(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** Rounded up: cut to whole seconds, a time to come would be earlier than was promised. */
export function roundUpToSecond(time: Date): Date {
  return new Date(Math.ceil(time.getTime() / 1000) * 1000);
}
