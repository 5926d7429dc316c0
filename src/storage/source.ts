/** One object as a listing shows it. */
export interface ListedObject {
  /** Name relative to the repository's prefix, for example `3.snapshot.json`. May contain `/`. */
  readonly name: string;
  /** Size in bytes; undefined when the store does not say. */
  readonly size: number | undefined;
  /** When the store says the object was last written; one-second resolution on S3. */
  readonly lastModified: Date;
}

/** Per-call limits of {@link MetadataSource.get}. */
export interface GetOptions {
  /** The object is refused with `TooLarge` beyond this many bytes, before they are held in memory. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /**
   * Called, before the bytes are returned, with the time at which the store says these bytes were written:
   * the listing may have seen the object before or after it was replaced. Whole seconds on S3. Not called
   * when the store does not say.
   */
  readonly onLastModified?: ((at: Date) => void) | undefined;
}

/**
 * Where a TUF repository at rest is read from: an S3 bucket, a directory, an HTTP mirror. Bound to one
 * prefix; knows nothing of TUF and never writes.
 *
 * Both calls throw `TransientError` (`Throttled`, `StorageUnreachable`) after the source's own bounded
 * retries, or `TerminalError` (`AccessDenied`, `NotFound`, `TooLarge`, `InvalidSource`). A 403 is
 * `AccessDenied`, never `NotFound`: without permission to list, S3 answers 403 for a missing key, and reading
 * that as "absent" would turn a permission problem into data loss.
 */
export interface MetadataSource {
  /** For messages: `s3://bucket/prefix/`, a path, a URL. Never holds credentials. */
  readonly location: string;
  /** How many reads at once this source gains from; 32 when absent. */
  readonly concurrency?: number;
  /**
   * Every object under the prefix, once, in the store's order, page by page: a page is all that the source
   * holds of the listing. An unknown bucket or directory is `NotFound`.
   */
  list(signal?: AbortSignal): AsyncIterable<readonly ListedObject[]>;
  /**
   * Names of some folders beside this one, or, with `levelsUp` 2, beside the folder that holds it. Absent
   * where a source has no neighbours; empty where it may not look.
   */
  neighbours?(levelsUp: 1 | 2, signal?: AbortSignal): Promise<readonly string[]>;
  /**
   * The exact bytes of one object. They are the caller's: it may change them, or move them to another thread.
   */
  get(name: string, options: GetOptions): Promise<Uint8Array>;
}
