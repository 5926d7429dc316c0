import type { Readable } from 'node:stream';
import { TerminalError } from '../errors.ts';
import { releaseChunks } from './release-memory.ts';
import { detectStoredEncoding } from './stored-encoding.ts';

/** The limits of {@link readObjectBody}. */
export interface ObjectBodyLimits {
  /** For messages: the object's full name. */
  readonly name: string;
  readonly maxBytes: number;
  /**
   * What the store says the body has, when it says so: it is then collected in place and never held twice.
   */
  readonly length?: number | undefined;
  /** Called after every chunk with its size. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Reads a body to its end and returns a copy of exactly its bytes. Stops reading at the first byte beyond
 * `maxBytes` and destroys the stream, so a lying Content-Length can't fill the memory.
 *
 * The copy matters: a chunk is a view into the socket's 64 KiB read buffer, and 16,384 small files kept as
 * views would hold a gigabyte. A large body's chunks that have a buffer to themselves are emptied once they
 * are copied, so nothing else may hold them.
 *
 * @throws {TerminalError} `TooLarge`, `StoredEncoded`
 */
export async function readObjectBody(stream: Readable, limits: ObjectBodyLimits): Promise<Uint8Array> {
  const expected = limits.length;
  if (expected !== undefined && expected <= limits.maxBytes) {
    return collectInPlace(stream, new Uint8Array(expected), limits);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop by an exception destroys the stream.
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    limits.onBytes(chunk.byteLength);
    if (length > limits.maxBytes) {
      throw tooLarge(limits.name, limits.maxBytes, chunks[0] ?? chunk);
    }
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  releaseChunks(chunks, length);
  return body;
}

/**
 * Into a buffer of the announced length. A body that is shorter is returned as it is, a longer one is
 * refused.
 */
async function collectInPlace(
  stream: Readable,
  body: Uint8Array,
  { name, onBytes }: ObjectBodyLimits,
): Promise<Uint8Array> {
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    onBytes(chunk.byteLength);
    if (length + chunk.byteLength > body.length) {
      throw tooLarge(name, body.length, length > 0 ? body : chunk);
    }
    body.set(chunk, length);
    length += chunk.byteLength;
    releaseChunks([chunk], body.length);
  }
  return length === body.length ? body : body.slice(0, length);
}

/**
 * The refusal of an object that is larger than its caller allows.
 *
 * @param beginning its first bytes, where they were read: framing makes a file larger than it was listed
 */
export function tooLarge(
  name: string,
  maxBytes: number,
  beginning: Uint8Array = new Uint8Array(),
): TerminalError {
  const form = detectStoredEncoding(beginning);
  if (form !== undefined) {
    return new TerminalError('StoredEncoded', `${name} is ${form}; store the file as it was uploaded.`);
  }
  return new TerminalError(
    'TooLarge',
    `${name} is larger than the ${maxBytes} bytes allowed for it. If it is genuine, raise the limit; otherwise replace the file.`,
  );
}
