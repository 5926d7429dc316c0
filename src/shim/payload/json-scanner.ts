/**
 * Finds the first JSON value of a request body the way Go's `encoding/json.Decoder` does, which is how the server
 * reads it: what follows the value is ignored, and a fault is named in the decoder's words. `JSON.parse` can do neither,
 * and it loses the order of repeated members, which decides between `appName` and `appname`.
 */
import { JSONLexer } from './json-lexer.ts';

/** What a JSON value is, in the words of Go's type errors. */
export type JSONKind = 'object' | 'array' | 'string' | 'number' | 'bool' | 'null';

/** A value as it stands in the body. */
export interface RawValue {
  readonly kind: JSONKind;
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
  readonly kind: JSONKind;
  readonly members: readonly RawMember[];
}

/**
 * Scans the first value of `body`.
 * @throws {JSONSyntaxError} `EOF` when there is none, `unexpected EOF` when it is cut off, `invalid character …` otherwise.
 */
export function scanFirstValue(body: Buffer): ScannedValue {
  return new Scanner(body).scan();
}

/** Nesting the decoder puts up with (`maxNestingDepth`). */
const MAX_DEPTH = 10_000;

/** What has to come next. An explicit stack instead of recursion: the body decides the depth. */
type Expected = 'value' | 'key' | 'afterValue' | 'nothing';

class Scanner {
  readonly #lexer: JSONLexer;
  readonly #open: ('{' | '[')[] = [];
  readonly #members: RawMember[] = [];
  #name = '';
  #valueAt = 0;

  constructor(body: Buffer) {
    this.#lexer = new JSONLexer(body);
  }

  scan(): ScannedValue {
    this.#lexer.skipSpace();
    const kind = kindOf(this.#lexer.peek());
    let expected: Expected = 'value';
    while (expected !== 'nothing') {
      this.#lexer.skipSpace();
      expected = this.#step(expected);
    }
    return { kind, members: this.#members };
  }

  #step(expected: Exclude<Expected, 'nothing'>): Expected {
    switch (expected) {
      case 'value':
        return this.#value();
      case 'key':
        return this.#key();
      case 'afterValue':
        return this.#afterValue();
    }
  }

  #value(): Expected {
    if (this.#open.length === 1) {
      this.#valueAt = this.#lexer.at;
    }
    const char = this.#lexer.peek();
    if (char === '{' || char === '[') {
      return this.#begin(char);
    }
    this.#lexer.scalar();
    return this.#endOfValue();
  }

  #begin(bracket: '{' | '['): Expected {
    if (this.#open.length === MAX_DEPTH) {
      throw this.#lexer.unexpected('exceeded max depth');
    }
    this.#open.push(bracket);
    this.#lexer.next();
    this.#lexer.skipSpace();
    if (this.#lexer.peek() === closing(bracket)) {
      return this.#close();
    }
    return bracket === '{' ? 'key' : 'value';
  }

  #close(): Expected {
    this.#lexer.next();
    this.#open.pop();
    return this.#endOfValue();
  }

  #endOfValue(): Expected {
    if (this.#open.length === 0) {
      return 'nothing';
    }
    if (this.#open.length === 1 && this.#open[0] === '{') {
      const text = this.#lexer.textSince(this.#valueAt);
      this.#members.push({ name: this.#name, value: { kind: kindOf(text.charAt(0)), text } });
    }
    return 'afterValue';
  }

  #key(): Expected {
    if (this.#lexer.peek() !== '"') {
      throw this.#lexer.unexpected('looking for beginning of object key string');
    }
    const from = this.#lexer.at;
    this.#lexer.string();
    if (this.#open.length === 1) {
      this.#name = parseString(this.#lexer.textSince(from));
    }
    this.#lexer.skipSpace();
    if (this.#lexer.peek() !== ':') {
      throw this.#lexer.unexpected('after object key');
    }
    this.#lexer.next();
    return 'value';
  }

  #afterValue(): Expected {
    const bracket = this.#open.at(-1) ?? '[';
    const char = this.#lexer.peek();
    if (char === ',') {
      this.#lexer.next();
      return bracket === '{' ? 'key' : 'value';
    }
    if (char === closing(bracket)) {
      return this.#close();
    }
    throw this.#lexer.unexpected(bracket === '{' ? 'after object key:value pair' : 'after array element');
  }
}

function closing(bracket: '{' | '['): '}' | ']' {
  return bracket === '{' ? '}' : ']';
}

const KINDS: Readonly<Record<string, JSONKind>> = {
  '{': 'object',
  '[': 'array',
  '"': 'string',
  t: 'bool',
  f: 'bool',
  n: 'null',
};

function kindOf(firstChar: string): JSONKind {
  return KINDS[firstChar] ?? 'number';
}

/** Decodes a JSON string. A lone surrogate becomes U+FFFD, as in Go, where strings are UTF-8. */
export function parseString(text: string): string {
  return String(JSON.parse(text)).toWellFormed();
}
