import type { Duplex } from 'node:stream';

/** What one read of libuv brings at most. */
const turnBytes = 64 * 1024;

/**
 * Has the event loop take its turns while a large reply arrives. Node reads up to 32 times in one turn what a
 * socket holds already, and the client parses it as it comes: two megabytes of a reply in one stretch, when
 * the thread was busy while Redis answered.
 *
 * @param stream one that its client listens to by now: listening starts it
 */
export function readInTurns(stream: Duplex): void {
  let bytes = 0;
  stream.on('data', ({ length }: Uint8Array) => {
    bytes += length;
    if (bytes >= turnBytes) {
      bytes = 0;
      stream.pause();
      setImmediate(() => stream.resume());
    }
  });
}
