/** Smaller buffers are the garbage collector's business. Bytes. */
const LARGE_BYTES = 1024 * 1024;

/**
 * Gives a large buffer's memory back at once, and not when the garbage collector runs next: it sees a
 * small object, and a hostile file of 64 MiB is soon followed by another one. Whatever looks at the buffer
 * finds it empty from then on.
 */
export function releaseMemory({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= LARGE_BYTES) {
    buffer.transfer(0);
  }
}
