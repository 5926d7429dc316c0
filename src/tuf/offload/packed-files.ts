/** A file that was read, on its way to the worker. */
export interface ReadFile {
  /** The request it answers. */
  readonly id: number;
  readonly bytes: Uint8Array;
}

/**
 * Files in as few buffers as possible: to move a buffer to another thread costs more than to copy a typical
 * metadata file, so the small ones share one and only the large ones move on their own.
 */
export interface PackedFiles {
  /** The small files, one after the other. */
  readonly shared: Uint8Array<ArrayBuffer>;
  readonly sharedIDs: readonly number[];
  /** Where each small file ends in `shared`. */
  readonly sharedEnds: readonly number[];
  readonly moved: readonly { readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }[];
}

/** Files of this size and more are moved, in bytes. */
const MOVED_BYTES = 65_536;

/**
 * Takes the files over: what is moved is gone from the caller's thread once {@link buffersOf} were
 * transferred.
 */
export function packFiles(files: readonly ReadFile[]): PackedFiles {
  const small = files.filter(({ bytes }) => bytes.length < MOVED_BYTES);
  const shared = new Uint8Array(small.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const sharedEnds: number[] = [];
  let end = 0;
  for (const { bytes } of small) {
    shared.set(bytes, end);
    end += bytes.length;
    sharedEnds.push(end);
  }
  return {
    shared,
    sharedIDs: small.map(({ id }) => id),
    sharedEnds,
    moved: files
      .filter(({ bytes }) => bytes.length >= MOVED_BYTES)
      .map(({ id, bytes }) => ({ id, bytes: ownBuffer(bytes) })),
  };
}

/** The buffers to transfer with a message that holds `files`. */
export function buffersOf({ shared, moved }: PackedFiles): ArrayBuffer[] {
  return [shared.buffer, ...moved.map(({ bytes }) => bytes.buffer)];
}

export function unpackFiles({ shared, sharedIDs, sharedEnds, moved }: PackedFiles): readonly ReadFile[] {
  const small = sharedIDs.map((id, i) => ({
    id,
    bytes: shared.subarray(sharedEnds[i - 1] ?? 0, sharedEnds[i]),
  }));
  return [...small, ...moved];
}

/** The bytes in a buffer that holds nothing else: other views may share a view's buffer. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && bytes.length === buffer.byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes);
}
