import type { Confidence } from './plan.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * How far `expires − LastModified` may be from whole days. Measured on the real server: at most 2 s over 455
 * files. A copy at a random moment meets it once in 7,200 times.
 */
const TIGHT_RESIDUE_MS = 2_000;
/** Clocks of storage nodes may differ this much before an order of uploads says that times were rewritten. */
const CLOCK_SKEW_MS = 120_000;
/** So many versions of one role within one second are a bulk copy, or a burst of publishes. */
const SAME_SECOND_VERSIONS = 3;

/** When the store says a file and the versions before it were written. */
export interface UploadTimes {
  readonly head: Date;
  /** Lower versions of the same role, in any order. */
  readonly earlier: readonly Date[];
}

/** What one file tells about the lifetime it was signed with. */
export type Inference =
  | { readonly kind: 'days'; readonly days: number; readonly confidence: Confidence }
  /**
   * The time of upload is not the time of signing; the lifetime was at least this long if the file was
   * copied.
   */
  | {
      readonly kind: 'wide';
      /** The nearest whole number of days. */
      readonly days: number;
      readonly atLeastDays: number;
      readonly residueMs: number;
      readonly why: string;
    }
  | { readonly kind: 'none'; readonly why: string };

/**
 * The lifetime the server was configured with (source `Inferred`): it signs `expires = now + days` and
 * uploads at once, so `days = round((expires − LastModified) / 1 day)`.
 *
 * LastModified stops being the time of signing when objects are copied or restored. Traces of that: no whole
 * number of days, an earlier version that was written later than the head, many versions in one second.
 * Bursts of publishes leave the last trace, too, but with whole days.
 */
export function inferDays(expires: Date, uploads: UploadTimes): Inference {
  const lifetime = expires.getTime() - uploads.head.getTime();
  const days = Math.round(lifetime / DAY_MS);
  const residueMs = lifetime - days * DAY_MS;
  if (lifetime < DAY_MS - HOUR_MS - TIGHT_RESIDUE_MS) {
    return { kind: 'none', why: 'it was written after, or within a day of, its own expiry' };
  }
  const trace = traceOfCopy(uploads);
  const wide = (why: string): Inference => ({
    kind: 'wide',
    days,
    atLeastDays: Math.ceil((lifetime - TIGHT_RESIDUE_MS) / DAY_MS),
    residueMs,
    why,
  });
  if (!isTight(residueMs)) {
    return wide('it was not written a whole number of days before its expiry');
  }
  if (trace === 'plain') {
    return wide('an earlier version was written later, so a copy has rewritten the times');
  }
  return { kind: 'days', days, confidence: trace === 'absent' ? 'high' : 'medium' };
}

/** Whether two files are equally far from whole days, as when the clocks of server and storage differ. */
export function sameResidue(a: number, b: number): boolean {
  return Math.abs(a - b) <= TIGHT_RESIDUE_MS;
}

/**
 * Whole days, or whole days and the hour that a change of daylight saving adds or takes: the server counts
 * local days.
 */
function isTight(residueMs: number): boolean {
  const off = Math.abs(residueMs);
  return off <= TIGHT_RESIDUE_MS || Math.abs(off - HOUR_MS) <= TIGHT_RESIDUE_MS;
}

/** How much the times look rewritten. */
function traceOfCopy({ head, earlier }: UploadTimes): 'absent' | 'possible' | 'plain' {
  const latest = earlier.reduce((max, time) => Math.max(max, time.getTime()), 0);
  if (latest > head.getTime() + CLOCK_SKEW_MS) {
    return 'plain';
  }
  const crowded = sameSecond(head, earlier) + 1 >= SAME_SECOND_VERSIONS;
  return crowded || latest > head.getTime() ? 'possible' : 'absent';
}

function sameSecond(head: Date, earlier: readonly Date[]): number {
  const second = Math.floor(head.getTime() / 1000);
  return earlier.filter((time) => Math.floor(time.getTime() / 1000) === second).length;
}

/** The server's own rule (source `Remaining`): days left, rounded up. Undefined when nothing is left. */
export function remainingDays(expires: Date, now: Date): number | undefined {
  const left = expires.getTime() - now.getTime();
  return left > 0 ? Math.ceil(left / DAY_MS) : undefined;
}
