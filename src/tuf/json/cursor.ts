import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  isSpace,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './characters.ts';

/**
 * Steps through JSON once, from the front to the back, without parsing it. Where objects have keys that no
 * other object has, as artifacts have their paths, `JSON.parse` makes an interned string and a hidden class
 * for each. Equal keys are all met.
 *
 * Over anything but JSON that `scanFile` found well-formed the steps are arbitrary, and still end.
 *
 * @example
 * cursor.enterObject();
 * while (cursor.nextMember()) {
 *   cursor.skipValue();
 * }
 */
export class JSONCursor {
  /** Where the cursor is: behind {@link nextMember}, at the first byte of the member's value. */
  at: number;
  /** Where the key of the last member begins, at its opening quote. */
  key = 0;
  #keyEnd = 0;
  readonly #json: Buffer;

  /** @param at where a value begins */
  constructor(json: Buffer, at: number) {
    this.#json = json;
    this.at = at;
  }

  /** The byte at the cursor; undefined at the end. */
  get byte(): number | undefined {
    return this.#json[this.at];
  }

  /** Steps over the opening bracket of an object. */
  enterObject(): void {
    this.at++;
  }

  /**
   * Steps to the value of the next member of the object that was entered last; what the member before it
   * holds must have been stepped over.
   *
   * @returns false when there is none: the cursor is behind the object
   */
  nextMember(): boolean {
    this.#skipSpace();
    if (this.byte === COMMA) {
      this.at++;
      this.#skipSpace();
    }
    if (this.byte !== QUOTE) {
      this.at++;
      return false;
    }
    this.key = this.at;
    this.at = endOfString(this.#json, this.at);
    this.#keyEnd = this.at;
    this.#skipSpace();
    // The colon.
    this.at++;
    this.#skipSpace();
    return true;
  }

  /** Whether the last member's key is `name`, in which nothing needs an escape, however it is spelled. */
  isKey(name: Buffer): boolean {
    return isStringAt(this.#json, this.key, this.#keyEnd, name);
  }

  /** Steps over the value at the cursor. */
  skipValue(): void {
    this.at = endOfValue(this.#json, this.at);
  }

  #skipSpace(): void {
    let { at } = this;
    while (isSpace(this.#json[at])) {
      at++;
    }
    this.at = at;
  }
}

/** The string that begins at the quote at `start`, unescaped. */
export function stringAt(json: Buffer, start: number): string {
  const end = endOfString(json, start);
  return isPlain(json, start, end)
    ? json.toString('utf8', start + 1, end - 1)
    : // A JSON string, so this parses to one.
      (JSON.parse(json.toString('utf8', start, end)) as string);
}

function isStringAt(json: Buffer, start: number, end: number, text: Buffer): boolean {
  if (end - start !== text.length + 2) {
    return !isPlain(json, start, end) && stringAt(json, start) === text.toString();
  }
  // As long as `text`, it can only be `text` when no character of it is escaped.
  for (let i = 0; i < text.length; i++) {
    if (json[start + 1 + i] !== text[i]) {
      return false;
    }
  }
  return true;
}

/** Whether a string holds no escapes. */
function isPlain(json: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (json[at] === BACKSLASH) {
      return false;
    }
  }
  return true;
}

/** One past the last byte of the value that begins at `start`. */
function endOfValue(json: Uint8Array, start: number): number {
  const first = json[start];
  if (first === QUOTE) {
    return endOfString(json, start);
  }
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) {
    return endOfWord(json, start);
  }
  let depth = 0;
  for (let at = start; at < json.length; ) {
    const c = json[at];
    if (c === QUOTE) {
      at = endOfString(json, at);
      continue;
    }
    at++;
    if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      depth++;
    } else if ((c === CLOSE_OBJECT || c === CLOSE_ARRAY) && --depth === 0) {
      return at;
    }
  }
  return json.length;
}

/** One past the closing quote of the string whose opening quote stands at `start`. */
function endOfString(json: Uint8Array, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const c = json[at];
    if (c === QUOTE) {
      return at + 1;
    }
    if (c === BACKSLASH) {
      at++;
    }
  }
  return json.length;
}

/** One past the number, `true`, `false` or `null` that begins at `start`. */
function endOfWord(json: Uint8Array, start: number): number {
  let at = start;
  while (at < json.length && !isEndOfWord(json[at])) {
    at++;
  }
  return at;
}

function isEndOfWord(c: number | undefined): boolean {
  return c === COMMA || c === CLOSE_OBJECT || c === CLOSE_ARRAY || isSpace(c);
}
