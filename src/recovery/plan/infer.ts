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
 * listing: an earlier version that was written later than the head, and many versions in one second. Clocks of storage
 * nodes that differ, and bursts of publishes, can leave the same traces in small; but they leave whole days, which a
 * copy at a random moment meets once in 120 times.
 */
export function inferDays(expires: Date, uploads: UploadTimes): Inference {
  const lifetime = expires.getTime() - uploads.head.getTime();
  const days = Math.round(lifetime / DAY_MS);
  const residue = Math.abs(lifetime - days * DAY_MS);
  const tight = isTight(residue);
  const trace = traceOfCopy(uploads);
  if (days < 1) {
    return none('it was written after, or within hours of, its own expiry');
  }
  if (residue >= MAX_RESIDUE_MS) {
    return none('it was not written a whole number of days before its expiry');
  }
  if (trace === 'plain') {
    return none('an earlier version was written later, so a copy has rewritten the times');
  }
  if (trace === 'possible' && !tight) {
    return none('its history looks as if a copy has rewritten the times');
  }
  return { kind: 'days', days, confidence: tight && trace === 'absent' ? 'high' : 'medium' };
}

/** How much the times look rewritten. */
function traceOfCopy({ head, earlier }: UploadTimes): 'absent' | 'possible' | 'plain' {
  const latest = earlier.reduce((max, time) => Math.max(max, time.getTime()), 0);
  if (latest > head.getTime() + TIGHT_RESIDUE_MS) {
    return 'plain';
  }
  const crowded = sameSecond(head, earlier) + 1 >= SAME_SECOND_VERSIONS;
  return crowded || latest > head.getTime() ? 'possible' : 'absent';
}

function none(why: string): Inference {
  return { kind: 'none', why };
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
