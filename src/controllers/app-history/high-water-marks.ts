import type { BootstrapStateStatus } from '../../api/bootstrapstate.generated.ts';
import type { Outcome } from '../../recovery/outcome.ts';

/** The newest metadata that was verified, as the status of a BootstrapState holds it. */
export type StoredMarks = NonNullable<BootstrapStateStatus['marks']>;

/** What one verified chain makes of the marks. */
export interface VerifiedMarks {
  readonly marks: Required<StoredMarks>;
  /** The timestamp or snapshot keys were rotated since the marks were taken: both start anew (TUF 5.3.11). */
  readonly reset: boolean;
}

/** The heads of the chain that an attempt has verified; undefined when it trusted none. */
export function verifiedMarksOf({
  trusted,
  findings,
}: Pick<Outcome, 'trusted' | 'findings'>): VerifiedMarks | undefined {
  if (trusted === undefined) {
    return undefined;
  }
  const { root, timestamp, snapshot } = trusted;
  return {
    marks: { root: markOf(root), timestamp: markOf(timestamp), snapshot: markOf(snapshot) },
    reset: findings.some(({ code }) => code === 'MarksReset'),
  };
}

/**
 * The marks after a chain was verified. They only go up, also when a person accepted an older state: that
 * answer is for one state, and whatever else is older stays refused. Only a rotation of the keys starts
 * timestamp and snapshot anew.
 */
export function raiseMarks(before: StoredMarks | undefined, { marks, reset }: VerifiedMarks): StoredMarks {
  return {
    root: higher(before?.root, marks.root),
    timestamp: reset ? marks.timestamp : higher(before?.timestamp, marks.timestamp),
    snapshot: reset ? marks.snapshot : higher(before?.snapshot, marks.snapshot),
  };
}

/**
 * What several memories of one app say together. Timestamp and snapshot count only beside the newest root:
 * those remembered beside an older one may be from before a rotation of their keys, and nothing was verified
 * with them since.
 */
export function newestMarks(memories: readonly StoredMarks[]): StoredMarks | undefined {
  const newest = Math.max(0, ...memories.map(({ root }) => root?.version ?? 0));
  const [first, ...others] = memories.filter(({ root }) => (root?.version ?? 0) === newest);
  return others.reduce<StoredMarks | undefined>((sum, each) => sum && together(sum, each), first);
}

function together(a: StoredMarks, b: StoredMarks): StoredMarks {
  const both = (role: keyof StoredMarks) => {
    const mark = b[role];
    const highest = mark === undefined ? a[role] : higher(a[role], mark);
    return highest && { [role]: highest };
  };
  return { ...both('root'), ...both('timestamp'), ...both('snapshot') };
}

type StoredMark = NonNullable<StoredMarks['root']>;

/** Of two files of one version the one that was verified first counts. */
function higher(before: StoredMark | undefined, now: StoredMark): StoredMark {
  return before === undefined || now.version > before.version ? now : before;
}

function markOf({ version, sha256 }: StoredMark): StoredMark {
  return { version, sha256 };
}
