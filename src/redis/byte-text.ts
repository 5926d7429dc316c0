import { isUtf8 } from 'node:buffer';
import type { Steps } from '../async/in-turns.ts';

/** Added to a byte that is not part of any UTF-8 character; such code points occur in no text. */
const ESCAPE = 0xdc00;

/**
 * Bytes of Redis as text that holds every one of them: bytes that are not UTF-8 become lone surrogates.
 * {@link textToBytes} gives the same bytes back, so values are compared as the bytes they are.
 */
function bytesToText(bytes: Buffer): string {
  if (isUtf8(bytes)) {
    return bytes.toString('utf8');
  }
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    text +=
      length === 0 ? String.fromCharCode(ESCAPE + (bytes[at] ?? 0)) : bytes.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

/** The inverse of {@link bytesToText}; well-formed text stays text. */
export function textToBytes(text: string): string | Buffer {
  if (text.isWellFormed()) {
    return text;
  }
  return Buffer.concat(
    [...text].map((character) => {
      const escaped = character.charCodeAt(0) - ESCAPE;
      return character.length === 1 && escaped >= 0x80 && escaped <= 0xff
        ? Buffer.from([escaped])
        : Buffer.from(character);
    }),
  );
}

/** A reply with every string in it as text. */
export function* replyToText(reply: unknown): Steps<unknown> {
  if (Buffer.isBuffer(reply)) {
    return bytesToText(reply);
  }
  if (!Array.isArray(reply)) {
    return reply;
  }
  const items: unknown[] = [];
  for (const item of reply) {
    items.push(Buffer.isBuffer(item) ? bytesToText(item) : yield* replyToText(item));
    yield;
  }
  return items;
}

/** Bytes of the UTF-8 character at a place; 0 when there is none. */
function characterLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
