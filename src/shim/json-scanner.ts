/**
 * Finds the first JSON value of a request body the way Go's `encoding/json.Decoder` does, which is how the server
 * reads it: what follows the value is ignored, and a fault is named in the decoder's words. `JSON.parse` can do neither,
 * and it loses the order of repeated members, which decides between `appName` and `appname`.
 *
 * The text is scanned byte by byte (one latin1 character per byte), because the decoder names the byte it stumbled over.
 */
import { quoteByte } from './go-quote.ts';

/** What a JSON value is, in the words of Go's type errors. */
export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'bool' | 'null';

/** A value as it stands in the body. */
export interface RawValue {
  readonly kind: JsonKind;
  /** Its JSON text, for example `"deleg"` or `1.5`. */
  readonly text: string;
}

/** A member of the top-level object; repeated ones are all there, in their order. */
export interface RawMember {
  readonly name: string;
  readonly value: RawValue;
}

/** The first value of a body. `members` is empty unless it is an object. */
export interface ScannedValue {
  readonly kind: JsonKind;
  readonly members: readonly RawMember[];
}

/** The body is not JSON; the message is the decoder's. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
}

/**
 * Scans the first value of `body`.
 * @throws {JsonSyntaxError} `EOF` when there is none, `unexpected EOF` when it is cut off, `invalid character …` otherwise.
 */
export function scanFirstValue(body: Buffer): ScannedValue {
  return new Scanner(body).scan();
}

/** Nesting the decoder puts up with (`maxNestingDepth`). */
const MAX_DEPTH = 10_000;

const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };

const KINDS: Readonly<Record<string, JsonKind>> = {
  '{': 'object',
  '[': 'array',
  '"': 'string',
  t: 'bool',
  f: 'bool',
  n: 'null',
};

/** What has to come next. An explicit stack instead of recursion: the body decides the depth. */
type Expected = 'value' | 'key' | 'afterValue' | 'nothing';

class Scanner {
  readonly #body: Buffer;
  readonly #text: string;
  readonly #open: ('{' | '[')[] = [];
  readonly #members: RawMember[] = [];
  #at = 0;
  #name = '';
  #valueAt = 0;

  constructor(body: Buffer) {
    this.#body = body;
    this.#text = body.toString('latin1');
  }

  scan(): ScannedValue {
    this.#skipSpace();
    const kind = kindOf(this.#peek());
    let expected: Expected = 'value';
    while (expected !== 'nothing') {
      this.#skipSpace();
      if (expected === 'value') {
        expected = this.#value();
      } else if (expected === 'key') {
        expected = this.#key();
      } else {
        expected = this.#afterValue();
      }
    }
    return { kind, members: this.#members };
  }

  #value(): Expected {
    const char = this.#peek();
    if (this.#open.length === 1) {
      this.#valueAt = this.#at;
    }
    if (char === '{' || char === '[') {
      return this.#begin(char);
    }
    const literal = LITERALS[char];
    if (char === '"') {
      this.#string();
    } else if (literal !== undefined) {
      this.#literal(literal);
    } else if (char === '-' || isDigit(char)) {
      this.#number();
    } else {
      throw this.#unexpected('looking for beginning of value');
    }
    return this.#endOfValue();
  }

  #begin(bracket: '{' | '['): Expected {
    if (this.#open.length === MAX_DEPTH) {
      throw this.#unexpected('exceeded max depth');
    }
    this.#open.push(bracket);
    this.#at += 1;
    this.#skipSpace();
    if (this.#peek() === (bracket === '{' ? '}' : ']')) {
      return this.#close();
    }
    return bracket === '{' ? 'key' : 'value';
  }

  #close(): Expected {
    this.#at += 1;
    this.#open.pop();
    return this.#endOfValue();
  }

  #endOfValue(): Expected {
    if (this.#open.length === 0) {
      return 'nothing';
    }
    if (this.#open.length === 1 && this.#open[0] === '{') {
      const text = this.#slice(this.#valueAt);
      this.#members.push({ name: this.#name, value: { kind: kindOf(text.charAt(0)), text } });
    }
    return 'afterValue';
  }

  #key(): Expected {
    if (this.#peek() !== '"') {
      throw this.#unexpected('looking for beginning of object key string');
    }
    const from = this.#at;
    this.#string();
    if (this.#open.length === 1) {
      this.#name = parseString(this.#slice(from));
    }
    this.#skipSpace();
    if (this.#peek() !== ':') {
      throw this.#unexpected('after object key');
    }
    this.#at += 1;
    return 'value';
  }

  #afterValue(): Expected {
    const inObject = this.#open.at(-1) === '{';
    const char = this.#peek();
    if (char === ',') {
      this.#at += 1;
      return inObject ? 'key' : 'value';
    }
    if (char === (inObject ? '}' : ']')) {
      return this.#close();
    }
    throw this.#unexpected(inObject ? 'after object key:value pair' : 'after array element');
  }

  #string(): void {
    this.#at += 1;
    for (let char = this.#peek(); char !== '"'; char = this.#peek()) {
      if (char < ' ') {
        throw this.#unexpected('in string literal');
      }
      this.#at += 1;
      if (char === '\\') {
        this.#escape();
      }
    }
    this.#at += 1;
  }

  #escape(): void {
    const char = this.#peek();
    if (!'bfnrt\\/"u'.includes(char)) {
      throw this.#unexpected('in string escape code');
    }
    this.#at += 1;
    for (let digit = 0; char === 'u' && digit < 4; digit += 1) {
      if (!/[0-9a-fA-F]/.test(this.#peek())) {
        throw this.#unexpected('in \\u hexadecimal character escape');
      }
      this.#at += 1;
    }
  }

  #literal(literal: string): void {
    this.#at += 1;
    for (const expected of literal.slice(1)) {
      if (this.#peek() !== expected) {
        throw this.#unexpected(`in literal ${literal} (expecting '${expected}')`);
      }
      this.#at += 1;
    }
  }

  #number(): void {
    if (this.#peek() === '-') {
      this.#at += 1;
    }
    if (this.#peek() === '0') {
      this.#at += 1;
    } else {
      this.#digits('in numeric literal');
    }
    if (this.#text[this.#at] === '.') {
      this.#at += 1;
      this.#digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at += 1;
      if (/[+-]/.test(this.#peek())) {
        this.#at += 1;
      }
      this.#digits('in exponent of numeric literal');
    }
  }

  #digits(context: string): void {
    if (!isDigit(this.#peek())) {
      throw this.#unexpected(context);
    }
    while (isDigit(this.#text[this.#at] ?? '')) {
      this.#at += 1;
    }
  }

  #skipSpace(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) {
      this.#at += 1;
    }
  }

  /** The byte at hand; running out of bytes is an error wherever one is needed. */
  #peek(): string {
    const char = this.#text[this.#at];
    if (char === undefined) {
      throw new JsonSyntaxError(/[^ \t\r\n]/.test(this.#text) ? 'unexpected EOF' : 'EOF');
    }
    return char;
  }

  #slice(from: number): string {
    return this.#body.toString('utf8', from, this.#at);
  }

  #unexpected(context: string): JsonSyntaxError {
    return new JsonSyntaxError(`invalid character ${quoteByte(this.#peek())} ${context}`);
  }
}

function kindOf(firstChar: string): JsonKind {
  return KINDS[firstChar] ?? 'number';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

/** Decodes a JSON string. A lone surrogate becomes U+FFFD, as in Go, where strings are UTF-8. */
export function parseString(text: string): string {
  return String(JSON.parse(text)).toWellFormed();
}
