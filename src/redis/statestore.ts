/** What one key held at the moment it was read. */
export type ObservedValue =
  | { readonly kind: 'absent' }
  /** `ttlMs` is undefined when the key never expires. */
  | { readonly kind: 'string'; readonly value: string; readonly ttlMs: number | undefined }
  | { readonly kind: 'wrongType'; readonly type: string };

/** Facts about the server that decide how far its answer can be trusted. */
export interface ServerFacts {
  readonly version: string;
  readonly role: 'master' | 'replica';
  /** Things a person should mend: eviction policy, no persistence, replica without a master. */
  readonly warnings: readonly { readonly code: string; readonly detail: string }[];
}

/** One key's part in an atomic write: nothing is written unless every `before` still holds. */
export interface Change {
  readonly key: string;
  readonly before: { readonly value: string } | { readonly wrongType: string } | undefined;
  /** `set` writes the value without TTL, `persist` removes a TTL, `delete` removes the key, `keep` only compares. */
  readonly act: { readonly set: string } | 'persist' | 'delete' | 'keep';
}

/** What {@link StateStore.apply} did. */
export type ApplyResult =
  | { readonly kind: 'applied' }
  /** The lock was no longer ours: nothing was written. */
  | { readonly kind: 'lockLost'; readonly holder: string | undefined }
  /** A key no longer held what the plan saw: nothing was written. */
  | { readonly kind: 'mismatch'; readonly key: string };

/**
 * The only door to Redis. Generic: knows no key names of any server. Every method throws `TransientError`
 * (`RedisUnreachable`, `RedisTimeout`, `RedisLoading`) or `TerminalError` (the other `Redis…` codes). After a
 * lost connection during {@link apply} the outcome is unknown: the caller observes again and never assumes.
 */
export interface StateStore {
  /** Reads values, types and TTLs of all keys in one round trip, in the order given. */
  observe(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ObservedValue>>;
  /** Takes, or re-enters with the same owner, a lock. Returns the holder when it is somebody else's. */
  lock(
    key: string,
    owner: string,
    ttlMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly acquired: boolean; readonly holder: string | undefined }>;
  /** Extends a lock that is still ours; false when it is not. */
  renew(key: string, owner: string, ttlMs: number): Promise<boolean>;
  /** Deletes a lock that is still ours; false when it was not. */
  release(key: string, owner: string): Promise<boolean>;
  /** ONE script: checks the lock's owner and every `before`, then does everything, in the order given. */
  apply(
    lock: { readonly key: string; readonly owner: string },
    changes: readonly Change[],
  ): Promise<ApplyResult>;
  /** WAIT: how many replicas confirmed all writes of this connection. */
  waitForReplicas(replicas: number, timeoutMs: number): Promise<number>;
  /** Writes a record with a TTL, outside the atomic write: task records only. */
  record(key: string, value: string, ttlMs: number): Promise<void>;
  /** Server version, role and warnings; cached per connection. */
  facts(signal: AbortSignal): Promise<ServerFacts>;
  /** Closes every connection. */
  close(): Promise<void>;
}
