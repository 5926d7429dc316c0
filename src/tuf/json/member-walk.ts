import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from './characters.ts';

/**
 * Walks over the members of an object, in the order of the file, without parsing them. Where objects have
 * keys that no other object has, as artifacts have their paths, `JSON.parse` makes an interned string and a
 * hidden class for each: parsing the artifacts of 16,384 roles took a fifth of their verification. Equal keys
 * are all met.
 *
 * @example
 * for (const member = new MemberWalk(json, 0); member.next(); ) {
 *   console.log(stringAt(json, member.key));
 * }
 */
export class MemberWalk {
  /** Where the member's key begins, at its opening quote. */
  key = 0;
  /** Where the member's value begins. */
  value = 0;
  /** One past the value's last byte. */
  end = 0;
  readonly #json: Uint8Array;
  #at: number;

  /**
   * @param json what `scanFile` found well-formed; over anything else the steps are arbitrary, and still end
   * @param object where the object's opening bracket stands
   */
  constructor(json: Uint8Array, object: number) {
    this.#json = json;
    this.#at = skipSpace(json, object + 1);
  }

  /** Steps to the next member. @returns false behind the last one */
  next(): boolean {
    const json = this.#json;
    if (json[this.#at] !== QUOTE) {
      return false;
    }
    this.key = this.#at;
    const colon = skipSpace(json, endOfString(json, this.key));
    this.value = skipSpace(json, colon + 1);
    this.end = endOfValue(json, this.value);
    const behind = skipSpace(json, this.end);
    this.#at = json[behind] === COMMA ? skipSpace(json, behind + 1) : json.length;
    return true;
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

/**
 * Whether the string that begins at the quote at `start` is `text`, in which nothing needs an escape. Makes a
 * string of it only when it is spelled with escapes.
 */
export function isStringAt(json: Buffer, start: number, text: Buffer): boolean {
  const end = endOfString(json, start);
  if (!isPlain(json, start, end)) {
    return stringAt(json, start) === text.toString();
  }
  if (end - start !== text.length + 2) {
    return false;
  }
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
export function endOfString(json: Uint8Array, start: number): number {
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

function skipSpace(json: Uint8Array, start: number): number {
  let at = start;
  while (isSpace(json[at])) {
    at++;
  }
  return at;
}

function isSpace(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}
