import { quoted } from '../findings/text.ts';
import { BACKSLASH, hexDigit, literalAt, OPEN_OBJECT, QUOTE } from '../json/characters.ts';
import { JSONCursor, stringAt } from '../json/cursor.ts';

const HASHES = Buffer.from('hashes');
const LENGTH = Buffer.from('length');
const CUSTOM = Buffer.from('custom');

/** Bytes of the longest integer that a number holds exactly, with its sign. */
const SAFE_INTEGER_BYTES = String(Number.MIN_SAFE_INTEGER).length;

/**
 * The first artifact in `targets` that the server reads or writes differently, in words; undefined when there
 * is none. Of two artifacts with one path, which only strict verification accepts, both are read.
 *
 * @param targets the bytes of the object, which `scanFile` found well-formed
 */
export function oddArtifact(targets: Buffer): string | undefined {
  const cursor = new JSONCursor(targets, 0);
  cursor.enterObject();
  while (cursor.nextMember()) {
    const path = cursor.key;
    const oddity = oddityAt(targets, cursor);
    if (oddity !== undefined) {
      return `the artifact ${quoted(stringAt(targets, path))} ${oddity}`;
    }
  }
  return undefined;
}

/** What is odd about the artifact at the cursor; steps over one that is not odd. */
function oddityAt(json: Buffer, cursor: JSONCursor): string | undefined {
  if (cursor.byte !== OPEN_OBJECT) {
    return 'is no object';
  }
  let hashes: Hashes = 'missing';
  let hasLength = false;
  let hasNullCustom = false;
  cursor.enterObject();
  while (cursor.nextMember()) {
    const start = cursor.at;
    if (cursor.isKey(HASHES)) {
      hashes = hashesAt(json, cursor);
      continue;
    }
    cursor.skipValue();
    if (cursor.isKey(LENGTH)) {
      hasLength = isSafeInteger(json, start, cursor.at);
    } else if (cursor.isKey(CUSTOM)) {
      hasNullCustom = literalAt(json[start]) === 'null';
    }
  }
  if (hashes === 'missing') {
    return 'has no hashes';
  }
  if (hashes === 'unreadable') {
    return 'has a digest that is not lower-case hex';
  }
  if (!hasLength) {
    return 'has no length';
  }
  return hasNullCustom ? 'has custom: null' : undefined;
}

type Hashes = 'missing' | 'unreadable' | 'hex';

/** Steps over the value of `hashes`. */
function hashesAt(json: Buffer, cursor: JSONCursor): Hashes {
  if (cursor.byte !== OPEN_OBJECT) {
    cursor.skipValue();
    return 'missing';
  }
  let hashes: Hashes = 'hex';
  cursor.enterObject();
  while (cursor.nextMember()) {
    const start = cursor.at;
    cursor.skipValue();
    if (!isLowerCaseHex(json, start, cursor.at)) {
      hashes = 'unreadable';
    }
  }
  return hashes;
}

function isLowerCaseHex(json: Buffer, start: number, end: number): boolean {
  if (json[start] !== QUOTE) {
    return false;
  }
  for (let at = start + 1; at < end - 1; at++) {
    const c = json[at] ?? 0;
    if (c === BACKSLASH) {
      return /^([0-9a-f]{2})*$/.test(stringAt(json, start));
    }
    if (hexDigit(c) < 0 || (c > 0x40 && c < 0x60)) {
      return false;
    }
  }
  return (end - start) % 2 === 0;
}

function isSafeInteger(json: Buffer, start: number, end: number): boolean {
  const literal = end - start > SAFE_INTEGER_BYTES ? '' : json.toString('latin1', start, end);
  return /^-?\d+$/.test(literal) && Number.isSafeInteger(Number(literal));
}
