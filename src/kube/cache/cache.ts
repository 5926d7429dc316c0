/** What the rest of the runtime needs to know of an informer, whatever its type of object. */
export interface Cache {
  readonly resource: { readonly plural: string };
  /** True once it holds a complete list. */
  readonly hasSynced: boolean;
  /** Resolves when {@link hasSynced} becomes true. */
  readonly synced: Promise<void>;
  /** True once it holds a complete list of a namespace, whatever is the matter with others. */
  hasSyncedFor(namespace: string | undefined): boolean;
  /** Resolves when {@link hasSyncedFor} becomes true. */
  syncedFor(namespace: string | undefined): Promise<void>;
  /** The namespaces it watches one by one; empty: the whole cluster. */
  readonly namespaces: readonly string[];
  /** What keeps it from working at the moment. */
  readonly failures: readonly string[];
  /** Milliseconds since it last showed a sign of life. */
  readonly idleMs: number;
  /** Keeps it up to date until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}
