import { quoted } from '../findings/text.ts';
import { BACKSLASH, hexDigit, literalAt, OPEN_OBJECT, QUOTE } from '../json/characters.ts';
import { endOfString, isStringAt, MemberWalk, stringAt } from '../json/member-walk.ts';

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
  for (const artifact = new MemberWalk(targets, 0); artifact.next(); ) {
    const oddity = oddityOf(targets, artifact.value);
    if (oddity !== undefined) {
      return `the artifact ${quoted(stringAt(targets, artifact.key))} ${oddity}`;
    }
  }
  return undefined;
}

/** What is odd about the artifact that begins at `start`. */
function oddityOf(json: Buffer, start: number): string | undefined {
  if (json[start] !== OPEN_OBJECT) {
    return 'is no object';
  }
  let hashes = -1;
  let custom = -1;
  let hasLength = false;
  for (const field = new MemberWalk(json, start); field.next(); ) {
    if (isStringAt(json, field.key, HASHES)) {
      hashes = field.value;
    } else if (isStringAt(json, field.key, LENGTH)) {
      hasLength = isSafeInteger(json, field);
    } else if (isStringAt(json, field.key, CUSTOM)) {
      custom = field.value;
    }
  }
  if (json[hashes] !== OPEN_OBJECT) {
    return 'has no hashes';
  }
  for (const hash = new MemberWalk(json, hashes); hash.next(); ) {
    if (!isLowerCaseHex(json, hash.value)) {
      return 'has a digest that is not lower-case hex';
    }
  }
  if (!hasLength) {
    return 'has no length';
  }
  return literalAt(json[custom]) === 'null' ? 'has custom: null' : undefined;
}

function isLowerCaseHex(json: Buffer, start: number): boolean {
  if (json[start] !== QUOTE) {
    return false;
  }
  const end = endOfString(json, start);
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

function isSafeInteger(json: Buffer, { value, end }: MemberWalk): boolean {
  const literal = end - value > SAFE_INTEGER_BYTES ? '' : json.toString('latin1', value, end);
  return /^-?\d+$/.test(literal) && Number.isSafeInteger(Number(literal));
}
