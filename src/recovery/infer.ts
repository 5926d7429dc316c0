import type { Confidence } from './plan.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** How far `expires − LastModified` may be from whole days: signing and uploading take moments, not hours. */
const MAX_RESIDUE_MS = 6 * HOUR_MS;
/** Measured on the real server: at most 2 s over 442 files. */
const TIGHT_RESIDUE_MS = 2 * MINUTE_MS;
/** So many versions of one role within one second are a bulk copy, or a burst of publishes. */
const SAME_SECOND_VERSIONS = 3;

/** When the store says a file and the versions before it were written. */
export interface UploadTimes {
  readonly head: Date;
  /** Lower versions of the same role, in any order. */
  readonly earlier: readonly Date[];
}

/** A lifetime read from the files, or why none could be read. */
export type Inference =
  | { readonly kind: 'days'; readonly days: number; readonly confidence: Confidence }
  | { readonly kind: 'none'; readonly why: string };

/**
 * The lifetime the server was configured with (R5, source 4): it signs `expires = now + days` and uploads at once, so
 * `days = round((expires − LastModified) / 1 day)`.
 *
 * LastModified stops being the time of signing when objects are copied or restored. Two traces of that show in the
 * listing: an earlier version that was written later than the head, which no publish can do; and many versions in one
 * second. A burst of publishes does the latter too, but leaves whole days, which a copy meets only once in 360 times.
 */
export function inferDays(expires: Date, uploads: UploadTimes): Inference {
  const { head, earlier } = uploads;
  if (earlier.some((time) => time.getTime() > head.getTime())) {
    return {
      kind: 'none',
      why: 'an earlier version was written later, so the times were rewritten by a copy',
    };
  }
  const lifetime = expires.getTime() - head.getTime();
  const days = Math.round(lifetime / DAY_MS);
  const residue = Math.abs(lifetime - days * DAY_MS);
  if (days < 1) return { kind: 'none', why: 'it was written after, or within hours of, its own expiry' };
  if (residue >= MAX_RESIDUE_MS) {
    return { kind: 'none', why: 'its time of writing is not a whole number of days before its expiry' };
  }
  const tight = isTight(residue);
  const crowded = sameSecond(head, earlier) + 1 >= SAME_SECOND_VERSIONS;
  if (crowded && !tight) {
    return {
      kind: 'none',
      why: 'several versions carry the same time of writing, which a copy has rewritten',
    };
  }
  return { kind: 'days', days, confidence: tight && !crowded ? 'high' : 'medium' };
}

/** Whole days, or whole days and the hour that a change of daylight saving adds or takes: the server counts local days. */
function isTight(residueMs: number): boolean {
  return residueMs < TIGHT_RESIDUE_MS || Math.abs(residueMs - HOUR_MS) < TIGHT_RESIDUE_MS;
}

function sameSecond(head: Date, earlier: readonly Date[]): number {
  const second = Math.floor(head.getTime() / 1000);
  return earlier.filter((time) => Math.floor(time.getTime() / 1000) === second).length;
}

/** The server's own rule (R5, source 6): days left, rounded up. Undefined when nothing is left. */
export function remainingDays(expires: Date, now: Date): number | undefined {
  const left = expires.getTime() - now.getTime();
  return left > 0 ? Math.ceil(left / DAY_MS) : undefined;
}
