/** Smaller buffers are the garbage collector's business, and may be parts of a pool. Bytes. */
const LARGE_BYTES = 1024 * 1024;

/**
 * Gives a large buffer's memory back at once, and not when the garbage collector runs next: it sees a
 * small object, and a hostile file of 64 MiB is soon followed by another one. Every view of the buffer is
 * empty from then on.
 */
export function releaseMemory({ buffer }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= LARGE_BYTES) {
    buffer.transfer(0);
  }
}

/**
 * Gives the memory of chunks of a large body back once they were copied, where each has a buffer to itself.
 * Left to the garbage collector, the chunks of a file of 64 MiB take up to 90 MiB beside the file.
 */
export function releaseChunks(chunks: readonly Uint8Array[], bodyBytes: number): void {
  for (const { buffer, byteLength } of bodyBytes < LARGE_BYTES ? [] : chunks) {
    if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) {
      buffer.transfer(0);
    }
  }
}
