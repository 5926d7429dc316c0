/** What one key held at the moment it was read. */
export type ObservedValue =
  | { readonly kind: 'absent' }
  /** `ttlMs` is undefined when the key never expires. */
  | { readonly kind: 'string'; readonly value: string; readonly ttlMs: number | undefined }
  | { readonly kind: 'wrongType'; readonly type: string };

/** Key → what it held, in the order the keys were asked for. */
export type ObservedValues = ReadonlyMap<string, ObservedValue>;

/** A bounded search for values under keys whose names are not known. */
export interface RecordSearch {
  /** Nothing is searched while all of these keys are there. */
  readonly unlessPresent: readonly string[];
  /** As SCAN's MATCH. */
  readonly pattern: string;
  /** A value is found when it contains one of these texts. */
  readonly containing: readonly string[];
}

/** Facts about the server that decide how far its answer can be trusted. */
export interface ServerFacts {
  /** Undefined when the user may not ask (INFO). */
  readonly version: string | undefined;
  /** Undefined when the user may not ask (INFO). */
  readonly role: 'master' | 'replica' | undefined;
  /** The server's own clock when it answered; undefined when the user may not ask (INFO). */
  readonly time: Date | undefined;
  /**
   * Things a person should mend: eviction policy, no persistence, replica without a master, facts withheld.
   */
  readonly warnings: readonly { readonly code: string; readonly detail: string }[];
}

/** What {@link StateStore.observe} read. */
export interface Observation {
  readonly values: ObservedValues;
  readonly server: ServerFacts;
  /** What the search found, in no order. */
  readonly records: readonly string[];
}

/** A lock with its holder's name; the name is the fence of every write. */
export interface Lock {
  readonly key: string;
  /** Who holds it: one attempt of one task. */
  readonly owner: string;
  /** A lock held by `task` or by any `task/…` is taken over; left out: only by the owner itself. */
  readonly task?: string;
  /** Milliseconds it lives without {@link StateStore.renew}. */
  readonly ttlMs: number;
}

/** How a lock is given back. */
export interface ReleaseOptions {
  /** Only over the connection of the last call. */
  readonly sameConnection: boolean;
  /** Whichever attempt of the lock's task owns it. */
  readonly anyAttempt?: boolean;
}

/** One key's part in an atomic write: nothing is written unless every `before` still holds. */
export interface Change {
  readonly key: string;
  readonly before: { readonly value: string } | { readonly wrongType: string } | undefined;
  /**
   * `set` writes the value without TTL, `persist` removes a TTL, `delete` removes the key, `keep` only
   * compares.
   */
  readonly act: { readonly set: string } | 'persist' | 'delete' | 'keep';
}

/** What {@link StateStore.apply} did. */
export type ApplyResult =
  | { readonly kind: 'applied' }
  /** The lock was no longer ours: nothing was written. */
  | { readonly kind: 'lockLost'; readonly holder: string | undefined }
  /** A key no longer held what the plan saw: nothing was written. */
  | { readonly kind: 'mismatch'; readonly key: string };

/** How many replicas must confirm a write, and how long to wait for them. */
export interface ReplicationRequirement {
  readonly replicas: number;
  readonly timeoutMs: number;
}

/** A value that outlives the lock for a while: a task record. */
export interface Record {
  readonly key: string;
  readonly value: string;
  readonly ttlMs: number;
}

/**
 * The only door to Redis. Generic: knows no key names of any server. Each method is exactly ONE round trip on
 * an open connection and opens one when there is none; a connection that failed is never used again.
 *
 * Every method throws `TransientError` (`RedisUnreachable`, `RedisTimeout`, `RedisLoading`) or
 * `TerminalError` (the other `Redis…` codes). After a lost connection during {@link apply} the outcome is
 * unknown: the caller observes again and never assumes.
 */
export interface StateStore {
  /**
   * Reads values, types and TTLs of all keys, and the server's facts, at one instant; in the same round trip
   * what a search finds: the values of at most 10,000 keys looked through, 4 KiB each, 64 for each text. A
   * search that Redis refuses finds nothing.
   */
  observe(keys: readonly string[], signal: AbortSignal, search?: RecordSearch): Promise<Observation>;
  /**
   * Takes a lock, or re-enters one of the same owner, and reads `keys` behind it. A lock key that holds
   * something other than a string counts as held by `undefined`, unless `replaceWrongType` says to take it.
   * The signal is heard until the lock is asked for; then the answer is awaited, because a lock that no
   * client knows of would stay until it ends.
   */
  lock(
    lock: Lock,
    keys: readonly string[],
    options: { readonly replaceWrongType: boolean; readonly signal: AbortSignal },
  ): Promise<{
    readonly acquired: boolean;
    readonly holder: string | undefined;
    readonly values: ObservedValues;
  }>;
  /** Extends a lock that is still ours; false when it is not. */
  renew(lock: Lock): Promise<boolean>;
  /**
   * ONE script checks the lock's owner and every `before`, then does everything in the order given, or
   * nothing; behind it WAIT, when `replication` asks for replicas, and a read-back of `keys`.
   */
  apply(
    lock: Lock,
    changes: readonly Change[],
    keys: readonly string[],
    replication: ReplicationRequirement,
  ): Promise<{
    readonly result: ApplyResult;
    /** Replicas that confirmed; 0 when none were asked for. */
    readonly confirmed: number;
    readonly values: ObservedValues;
  }>;
  /**
   * Writes the record, if there is one, and deletes the lock if it is still ours; false when it was not.
   *
   * With `sameConnection` it throws when the connection of the last call is gone: behind Sentinel another one
   * may lead to another server, which a failover has promoted without what was read back before.
   */
  release(lock: Lock, record: Record | undefined, options: ReleaseOptions): Promise<boolean>;
  /** Server version, role and warnings. */
  facts(signal: AbortSignal): Promise<ServerFacts>;
  /** Closes every connection. */
  close(): Promise<void>;
}
