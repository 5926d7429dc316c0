import { formatMicroTime } from '../../../kube/client/micro-time.ts';

/** How often a loss is read again while it must persist. */
const rereads = 4;
const shortestRereadMs = 250;

/**
 * Milliseconds until a loss is read again that nothing holds back; infinite when that changes nothing: it is
 * reported only, or its metadata is verified first.
 *
 * @param lastedMs how long it had lasted when it was decided upon, and not now: the status write in between
 *   may take longer than what was left, and a loss would wait for a reading that never comes
 */
export function nextLossReadingMs({
  lastedMs,
  stableMs,
}: {
  readonly lastedMs: number;
  readonly stableMs: number;
}): number {
  const leftMs = stableMs - lastedMs;
  return leftMs <= 0
    ? Number.POSITIVE_INFINITY
    : Math.max(1, Math.min(leftMs, Math.max(shortestRereadMs, stableMs / rereads)));
}

/**
 * When a loss was noticed, as the status holds it. Cut to whole seconds the loss would seem up to a second
 * older than it is, and be acted upon before it has lasted as long as the policy wants.
 */
export function storedLossTime(lostSince: Date): string {
  return formatMicroTime(lostSince);
}

/**
 * When the present loss was noticed: as stored, or now when nothing is stored, or a time to come, which a
 * clock wrote that was ahead.
 */
export function lossTimeOf(stored: string | undefined, now: Date): Date {
  const time = new Date(stored ?? '');
  return Number.isNaN(time.getTime()) || time > now ? now : time;
}
