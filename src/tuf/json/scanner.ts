import { isUtf8 } from 'node:buffer';
import { releaseMemory } from '../../storage/release-memory.ts';
import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';
import { LIMITS } from '../metadata/limits.ts';
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  ESCAPES,
  hexDigit,
  isDigit,
  isSpace,
  LETTER_U,
  literalAt,
  MINUS,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  ZERO,
} from './characters.ts';
import { findDuplicates, keyText, MemberTable, reorderMembers } from './member-order.ts';
import type { Ambiguity, ByteSpan, JSONAmbiguityPolicy, ScannedFile } from './scanned-file.ts';
import { fieldNamed, type JSONShape, NO_SHAPE, objectShape } from './shape.ts';

/** Decimal digits of 2^53 − 1: a shorter literal needs no comparison. */
const SAFE_DIGITS = String(Number.MAX_SAFE_INTEGER).length;

/**
 * Reads one metadata file in a single pass over its raw bytes and canonicalises `signed` on the way, so that
 * signatures are checked over what lies in the bucket and never over a re-serialised object (spec 4.2.1).
 *
 * Refuses: invalid UTF-8, anything that is not exactly one JSON object, fractions and exponents (canonical
 * JSON knows only integers), lone surrogates, nesting and node counts above {@link LIMITS}.
 *
 * @param shape the members of the format: a name that the server's parser takes for one of them without being
 *   one is ambiguous, and only their spans are kept
 * @throws MetadataFault `MalformedJSON`, `DuplicateJSONKey`, `AmbiguousMemberName`, `IntegerTooLarge`,
 *   `LimitExceeded`
 */
export function scanFile(
  bytes: Uint8Array,
  policy: JSONAmbiguityPolicy,
  shape: JSONShape = ENVELOPE_SHAPE,
): ScannedFile {
  if (!isUtf8(bytes)) {
    throw new MetadataFault('MalformedJSON', 'the file is not valid UTF-8');
  }
  const scanner = new Scanner(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), policy);
  try {
    return scanner.file(shape);
  } catch (error) {
    scanner.releaseMemory();
    throw error;
  } finally {
    scanner.releaseTable();
  }
}

/** The two members that every metadata file has, whatever `signed` holds. */
const ENVELOPE_SHAPE = objectShape({ signed: NO_SHAPE, signatures: NO_SHAPE });

/** Keys longer than this, in bytes, are no member of any format, however they are spelled. */
const MAX_FIELD_BYTES = 64;

/**
 * One pass over one file. `#out` receives the canonical form of everything read; canonical JSON is never
 * longer than its source (escapes only shrink, whitespace goes), so the buffer never grows.
 */
class Scanner {
  readonly #in: Buffer;
  readonly #out: Buffer;
  readonly #policy: JSONAmbiguityPolicy;
  readonly #ambiguities: Ambiguity[] = [];
  readonly #table = new MemberTable();
  readonly #maxNodes: number;
  #at = 0;
  #to = 0;
  #nodes = 0;

  constructor(bytes: Buffer, policy: JSONAmbiguityPolicy) {
    this.#in = bytes;
    this.#out = Buffer.allocUnsafe(bytes.length);
    this.#policy = policy;
    const { free, bytesPerNode, most } = LIMITS.nodes;
    this.#maxNodes = Math.min(most, free + bytes.length / bytesPerNode);
  }

  file(shape: JSONShape): ScannedFile {
    const members = new Map<string, ByteSpan>();
    const signedMembers = new Map<string, ByteSpan>();
    let canonical = this.#nothing();
    this.#skipSpace();
    this.#expect(OPEN_OBJECT, 'an object');
    this.#skipSpace();
    if (this.#in[this.#at] === CLOSE_OBJECT) {
      this.#at++;
    } else {
      for (;;) {
        const member = this.#member();
        const field = this.#field(member, shape);
        const value = shape.fields?.get(field ?? '');
        const start = this.#at;
        const outStart = this.#to;
        const nodes = this.#nodes;
        if (field === 'signed') {
          // Of two the last counts, whatever it is.
          signedMembers.clear();
          canonical = this.#nothing();
        }
        if (field === 'signed' && this.#in[start] === OPEN_OBJECT) {
          this.#object(2, value, signedMembers);
          canonical = this.#out.subarray(outStart, this.#to);
        } else {
          this.#value(2, value);
        }
        this.#table.close(member, this.#to);
        if (field !== undefined) {
          members.set(field, { start, end: this.#at, nodes: this.#nodes - nodes });
        }
        if (this.#endOfMembers(CLOSE_OBJECT)) {
          break;
        }
      }
    }
    // Nothing moves: the canonical form of `signed` lies where it is.
    findDuplicates(this.#out, this.#table, 0, (key) => this.#duplicate(key));
    this.#skipSpace();
    if (this.#at < this.#in.length) {
      this.#malformed('there are bytes after the end of the document');
    }
    return { bytes: this.#in, members, signedMembers, canonical, ambiguities: this.#ambiguities };
  }

  /** Gives the buffer of a file back that is not one. */
  releaseMemory(): void {
    releaseMemory(this.#out);
  }

  /** Gives the table of members back, which nothing needs once the file was read. */
  releaseTable(): void {
    this.#table.releaseMemory();
  }

  /** No bytes, which release the memory of the file's canonical form all the same. */
  #nothing(): Buffer {
    return this.#out.subarray(0, 0);
  }

  #value(depth: number, shape: JSONShape | undefined): void {
    const c = this.#in[this.#at];
    if (c === QUOTE) {
      this.#string();
    } else if (c === OPEN_OBJECT) {
      this.#object(depth, shape, undefined);
    } else if (c === OPEN_ARRAY) {
      this.#array(depth, shape);
    } else if (c === MINUS || isDigit(c)) {
      this.#integer(c);
    } else {
      this.#literal(c);
    }
    if (++this.#nodes > this.#maxNodes) {
      throw new MetadataFault(
        'LimitExceeded',
        `the file of ${this.#in.length} bytes holds more than ${Math.floor(this.#maxNodes)} JSON values`,
      );
    }
  }

  #object(depth: number, shape: JSONShape | undefined, spans: Map<string, ByteSpan> | undefined): void {
    this.#descend(depth);
    const table = this.#table;
    const base = table.length;
    const open = this.#to;
    this.#out[this.#to++] = OPEN_OBJECT;
    this.#skipSpace();
    if (this.#in[this.#at] === CLOSE_OBJECT) {
      this.#at++;
      this.#out[this.#to++] = CLOSE_OBJECT;
      return;
    }
    let ordered = true;
    let previous = -1;
    for (;;) {
      const member = this.#member();
      if (previous >= 0 && ordered) {
        const order = table.compare(this.#out, previous, member);
        if (order === 0) {
          this.#duplicate(keyText(this.#out, table.keyStart(member), table.keyEnd(member)));
        }
        ordered = order < 0;
      }
      previous = member;
      const field = this.#field(member, shape);
      const start = this.#at;
      const nodes = this.#nodes;
      this.#value(depth + 1, field === undefined ? shape?.items : shape?.fields?.get(field));
      table.close(member, this.#to);
      if (field !== undefined) {
        spans?.set(field, { start, end: this.#at, nodes: this.#nodes - nodes });
      }
      if (this.#endOfMembers(CLOSE_OBJECT)) {
        break;
      }
      this.#out[this.#to++] = COMMA;
    }
    if (!ordered) {
      this.#to = reorderMembers(this.#out, open, this.#to, table, base, (key) => this.#duplicate(key));
    }
    table.truncate(base);
    this.#out[this.#to++] = CLOSE_OBJECT;
  }

  #array(depth: number, shape: JSONShape | undefined): void {
    this.#descend(depth);
    this.#out[this.#to++] = OPEN_ARRAY;
    this.#skipSpace();
    if (this.#in[this.#at] === CLOSE_ARRAY) {
      this.#at++;
    } else {
      for (;;) {
        this.#value(depth + 1, shape?.items);
        if (this.#endOfMembers(CLOSE_ARRAY)) {
          break;
        }
        this.#out[this.#to++] = COMMA;
      }
    }
    this.#out[this.#to++] = CLOSE_ARRAY;
  }

  /** Reads a key and the colon behind it; returns the member's place in the table. */
  #member(): number {
    const keyStart = this.#key();
    const member = this.#table.push(keyStart, this.#to - 1);
    this.#out[this.#to++] = COLON;
    this.#colon();
    return member;
  }

  /**
   * The member of the format that this is, if it is one; names that the server would take for one are
   * ambiguous.
   */
  #field(member: number, shape: JSONShape | undefined): string | undefined {
    const start = this.#table.keyStart(member);
    const end = this.#table.keyEnd(member);
    if (shape?.fields === undefined || end - start > MAX_FIELD_BYTES) {
      return undefined;
    }
    const name = keyText(this.#out, start, end);
    if (shape.fields.has(name)) {
      return name;
    }
    const field = fieldNamed(shape, name);
    if (field !== undefined) {
      this.#ambiguous('AmbiguousMemberName', `the server reads the member ${quoted(name)} as "${field}"`);
    }
    return undefined;
  }

  #descend(depth: number): void {
    this.#at++;
    if (depth > LIMITS.depth) {
      throw new MetadataFault('LimitExceeded', `the file nests deeper than ${LIMITS.depth} levels`);
    }
  }

  /** Reads a key; returns where its characters begin in `#out` (they end one byte before `#to`). */
  #key(): number {
    if (this.#in[this.#at] !== QUOTE) {
      this.#malformed('expected a key');
    }
    const start = this.#to + 1;
    this.#string();
    return start;
  }

  #colon(): void {
    this.#skipSpace();
    this.#expect(COLON, 'a colon');
    this.#skipSpace();
  }

  /** After a value: true at the closing bracket, false after a comma. */
  #endOfMembers(close: number): boolean {
    this.#skipSpace();
    const c = this.#in[this.#at];
    this.#at++;
    if (c === close) {
      return true;
    }
    if (c !== COMMA) {
      this.#at--;
      this.#malformed('expected a comma or a closing bracket');
    }
    this.#skipSpace();
    return false;
  }

  #string(): void {
    const input = this.#in;
    const out = this.#out;
    const end = input.length;
    let at = this.#at + 1;
    let to = this.#to;
    out[to++] = QUOTE;
    for (;;) {
      if (at >= end) {
        this.#at = end;
        this.#malformed('the file ends inside a string');
      }
      const c = input[at++] ?? 0;
      if (c === QUOTE) {
        break;
      }
      if (c === BACKSLASH) {
        this.#at = at;
        this.#to = to;
        this.#escape();
        at = this.#at;
        to = this.#to;
      } else if (c < 0x20) {
        this.#at = at - 1;
        this.#malformed('a control character stands unescaped in a string');
      } else {
        out[to++] = c;
      }
    }
    out[to++] = QUOTE;
    this.#at = at;
    this.#to = to;
  }

  #escape(): void {
    const c = this.#in[this.#at++];
    if (c === LETTER_U) {
      this.#codePoint(this.#surrogates(this.#hex4()));
      return;
    }
    const plain = c === undefined ? undefined : ESCAPES.get(c);
    if (plain === undefined) {
      this.#malformed('unknown escape in a string');
    } else {
      this.#codePoint(plain);
    }
  }

  #surrogates(unit: number): number {
    if (unit < 0xd800 || unit > 0xdfff) {
      return unit;
    }
    if (unit < 0xdc00 && this.#in[this.#at] === BACKSLASH && this.#in[this.#at + 1] === LETTER_U) {
      this.#at += 2;
      const low = this.#hex4();
      if (low >= 0xdc00 && low <= 0xdfff) {
        return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
      }
    }
    return this.#malformed('a lone surrogate stands in a string');
  }

  #hex4(): number {
    let unit = 0;
    for (let i = 0; i < 4; i++) {
      const digit = hexDigit(this.#in[this.#at++]);
      if (digit < 0) {
        this.#malformed('expected four hex digits after \\u');
      }
      unit = unit * 16 + digit;
    }
    return unit;
  }

  /** Writes one character of a string in canonical form: only `"` and `\` stay escaped. */
  #codePoint(point: number): void {
    if (point === QUOTE || point === BACKSLASH) {
      this.#out[this.#to++] = BACKSLASH;
    }
    if (point < 0x80) {
      this.#out[this.#to++] = point;
    } else {
      this.#to += this.#out.write(String.fromCodePoint(point), this.#to, 'utf8');
    }
  }

  #integer(first: number | undefined): void {
    const start = this.#at;
    let at = first === MINUS ? start + 1 : start;
    const digits = at;
    while (isDigit(this.#in[at])) {
      at++;
    }
    const count = at - digits;
    const leadingZero = this.#in[digits] === ZERO;
    this.#at = at;
    if (count === 0) {
      this.#malformed('expected digits');
    }
    if (leadingZero && count > 1) {
      this.#malformed('an integer has a leading zero');
    }
    if (leadingZero && first === MINUS) {
      this.#malformed('−0 is not an integer of canonical JSON');
    }
    const next = this.#in[at];
    if (next === 0x2e || next === 0x65 || next === 0x45) {
      this.#malformed('only integers are allowed, not fractions or exponents');
    }
    if (count >= SAFE_DIGITS && !Number.isSafeInteger(Number(this.#in.toString('latin1', digits, at)))) {
      this.#ambiguous('IntegerTooLarge', 'an integer lies beyond 2^53 − 1');
    }
    this.#to += this.#in.copy(this.#out, this.#to, start, at);
  }

  #literal(first: number | undefined): void {
    const word = literalAt(first);
    if (word === undefined || this.#in.toString('latin1', this.#at, this.#at + word.length) !== word) {
      this.#malformed(first === undefined ? 'the file ends too early' : 'expected a value');
    }
    this.#at += word.length;
    this.#to += this.#out.write(word, this.#to, 'latin1');
  }

  #skipSpace(): void {
    const input = this.#in;
    let at = this.#at;
    while (isSpace(input[at])) {
      at++;
    }
    this.#at = at;
  }

  #expect(byte: number, what: string): void {
    if (this.#in[this.#at] !== byte) {
      this.#malformed(`expected ${what}`);
    }
    this.#at++;
  }

  #duplicate(key: string): void {
    this.#ambiguous('DuplicateJSONKey', `the key ${quoted(key)} stands twice in one object`);
  }

  #ambiguous(code: Ambiguity['code'], what: string): void {
    const message = `${what} (before byte ${this.#at})`;
    if (this.#policy === 'unambiguous') {
      throw new MetadataFault(code, message);
    }
    // One of each kind says enough; a hostile file must not make the report grow.
    if (!this.#ambiguities.some((a) => a.code === code)) {
      this.#ambiguities.push({ code, message });
    }
  }

  #malformed(what: string): never {
    throw new MetadataFault('MalformedJSON', `${what} (at byte ${this.#at} of ${this.#in.length})`);
  }
}
