/** An earlier version of a role, as it was signed and uploaded. */
export interface EarlierSigning {
  readonly version: number;
  readonly writtenAt: Date;
  readonly expires: Date;
  /** The lifetime its times tell; undefined when they tell none. */
  readonly days: number | undefined;
  /** How far its times are from whole days, in milliseconds. */
  readonly residueMs: number;
}

/** What was read of one role's earlier versions. */
export interface SigningHistory {
  /** Highest version first; a version that could not be read or believed is absent. */
  readonly signings: readonly EarlierSigning[];
  /** How many earlier versions the bucket lists, read or not. */
  readonly listed: number;
}

/**
 * The roles whose versions are all kept: timestamp.json is overwritten, and delegated roles have one value
 * anyway.
 */
export type RoleWithHistory = 'targets' | 'snapshot';

/** What was read of the history, by role. A role that was not asked for is absent. */
export type Histories = ReadonlyMap<RoleWithHistory, SigningHistory>;

/** Which part of a role's history is wanted. */
export interface HistoryQuery {
  readonly role: RoleWithHistory;
  /** Version of the chain's head; only versions below it count. */
  readonly head: number;
  /**
   * What the head was signed with: the version before that is searched for. Undefined: only the one before
   * the head.
   */
  readonly days: number | undefined;
}

/** Where the lifetime changed to what the newest version was signed with. */
export interface LifetimeChange {
  /** The newest version that was signed with another lifetime. */
  readonly before: EarlierSigning & { readonly days: number };
  /** When the first version after it was written; undefined when that is the newest version. */
  readonly changedBy: Date | undefined;
}

/** The change to `days`; undefined when every version that was read says the same, or nothing. */
export function changeTo(days: number, { signings }: SigningHistory): LifetimeChange | undefined {
  let changedBy: Date | undefined;
  for (const signing of signings) {
    if (signing.days !== undefined && signing.days !== days) {
      return { before: { ...signing, days: signing.days }, changedBy };
    }
    changedBy = signing.writtenAt;
  }
  return undefined;
}

/**
 * Which version to read next to find the newest one that was not signed with `days`: first the one before the
 * head, the lowest and the one in the middle; then, once one of them differs, by halving the gap above it.
 *
 * @param listed the earlier versions in the bucket, ascending
 * @param read what each version that was read tells: days, or undefined
 * @returns undefined when nothing more is worth a read
 */
export function nextProbe(
  days: number | undefined,
  listed: readonly number[],
  read: ReadonlyMap<number, number | undefined>,
): number | undefined {
  const last = listed.length - 1;
  const samples = days === undefined ? [last] : [last, 0, last >> 1];
  for (const index of samples) {
    const version = listed[index];
    if (version !== undefined && !read.has(version)) {
      return version;
    }
  }
  if (days === undefined) {
    return undefined;
  }
  let low = -1;
  for (const [index, version] of listed.entries()) {
    const found = read.get(version);
    low = found !== undefined && found !== days ? index : low;
  }
  const high = listed.findIndex((version, index) => index > low && read.has(version));
  return low < 0 || high <= low + 1 ? undefined : listed[(low + high) >> 1];
}
