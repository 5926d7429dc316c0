import type { BootstrapStateStatus } from '../../api/bootstrapstate.generated.ts';
import type { Outcome } from '../../recovery/outcome.ts';

/** The newest metadata that was verified, as the status of a BootstrapState holds it. */
export type Marks = NonNullable<BootstrapStateStatus['marks']>;

/** What one verified chain makes of the marks. */
export interface Heads {
  readonly marks: Required<Marks>;
  /** The timestamp or snapshot keys were rotated since the marks were taken: both start anew (TUF 5.3.11). */
  readonly reset: boolean;
}

/** The heads of the chain that an attempt has verified; undefined when it trusted none. */
export function headsOf({ trusted, findings }: Pick<Outcome, 'trusted' | 'findings'>): Heads | undefined {
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
 * The marks after a chain was verified. They only go up, also when a person accepted an older state: that answer is for one
 * state, and whatever else is older stays refused. Only a rotation of the keys starts timestamp and snapshot anew.
 */
export function raised(before: Marks | undefined, { marks, reset }: Heads): Marks {
  return {
    root: higher(before?.root, marks.root),
    timestamp: reset ? marks.timestamp : higher(before?.timestamp, marks.timestamp),
    snapshot: reset ? marks.snapshot : higher(before?.snapshot, marks.snapshot),
  };
}

/**
 * What several memories of one app say together. Timestamp and snapshot count only beside the newest root: those remembered
 * beside an older one may be from before a rotation of their keys, and nobody has looked with them since.
 */
export function newestOf(memories: readonly Marks[]): Marks | undefined {
  const newest = Math.max(0, ...memories.map(({ root }) => root?.version ?? 0));
  const [first, ...others] = memories.filter(({ root }) => (root?.version ?? 0) === newest);
  return others.reduce<Marks | undefined>((sum, each) => sum && together(sum, each), first);
}

function together(a: Marks, b: Marks): Marks {
  const both = (role: keyof Marks) => {
    const mark = b[role];
    const highest = mark === undefined ? a[role] : higher(a[role], mark);
    return highest && { [role]: highest };
  };
  return { ...both('root'), ...both('timestamp'), ...both('snapshot') };
}

type Mark = NonNullable<Marks['root']>;

/** Of two files of one version the one that was verified first counts. */
function higher(before: Mark | undefined, now: Mark): Mark {
  return before === undefined || now.version > before.version ? now : before;
}

function markOf({ version, sha256 }: Mark): Mark {
  return { version, sha256 };
}
