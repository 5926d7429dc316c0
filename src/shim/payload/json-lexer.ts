import { quoteByte } from './go-quote.ts';

/** The body is not JSON; the message is that of Go's decoder. */
export class JSONSyntaxError extends Error {
  override readonly name = 'JSONSyntaxError';
}

const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };

/**
 * Steps over the scalars and the white space of a JSON text, byte by byte (one latin1 character per byte), because Go's decoder
 * names the byte it stumbled over.
 */
export class JSONLexer {
  readonly #body: Buffer;
  readonly #text: string;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
    this.#text = body.toString('latin1');
  }

  /** Where the next byte is. */
  get at(): number {
    return this.#at;
  }

  /**
   * The next byte.
   * @throws {JSONSyntaxError} at the end: `EOF` when there was nothing but white space, otherwise `unexpected EOF`.
   */
  peek(): string {
    const char = this.#text[this.#at];
    if (char === undefined) {
      throw new JSONSyntaxError(/[^ \t\r\n]/.test(this.#text) ? 'unexpected EOF' : 'EOF');
    }
    return char;
  }

  /** The next byte, after stepping over it. */
  next(): string {
    const char = this.peek();
    this.#at += 1;
    return char;
  }

  /** The text from `from` up to the next byte, as UTF-8. */
  textSince(from: number): string {
    return this.#body.toString('utf8', from, this.#at);
  }

  skipSpace(): void {
    while (/[ \t\r\n]/.test(this.#optional())) {
      this.#at += 1;
    }
  }

  /** Steps over a string, number or literal. */
  scalar(): void {
    const char = this.peek();
    const literal = LITERALS[char];
    if (char === '"') {
      this.string();
    } else if (literal !== undefined) {
      this.#literal(literal);
    } else if (char === '-' || isDigit(char)) {
      this.#number();
    } else {
      throw this.unexpected('looking for beginning of value');
    }
  }

  /** Steps over a string. */
  string(): void {
    this.#at += 1;
    for (let char = this.peek(); char !== '"'; char = this.peek()) {
      if (char < ' ') {
        throw this.unexpected('in string literal');
      }
      this.#at += 1;
      if (char === '\\') {
        this.#escape();
      }
    }
    this.#at += 1;
  }

  /** The error about the next byte: `invalid character 'x' <context>`. */
  unexpected(context: string): JSONSyntaxError {
    return new JSONSyntaxError(`invalid character ${quoteByte(this.peek())} ${context}`);
  }

  #escape(): void {
    const char = this.peek();
    if (!'bfnrt\\/"u'.includes(char)) {
      throw this.unexpected('in string escape code');
    }
    this.#at += 1;
    for (let digit = 0; char === 'u' && digit < 4; digit += 1) {
      if (!/[0-9a-fA-F]/.test(this.peek())) {
        throw this.unexpected('in \\u hexadecimal character escape');
      }
      this.#at += 1;
    }
  }

  #literal(literal: string): void {
    this.#at += 1;
    for (const expected of literal.slice(1)) {
      if (this.peek() !== expected) {
        throw this.unexpected(`in literal ${literal} (expecting '${expected}')`);
      }
      this.#at += 1;
    }
  }

  #number(): void {
    if (this.peek() === '-') {
      this.#at += 1;
    }
    if (this.peek() === '0') {
      this.#at += 1;
    } else {
      this.#digits('in numeric literal');
    }
    if (this.#optional() === '.') {
      this.#at += 1;
      this.#digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.#optional())) {
      this.#at += 1;
      if (/[+-]/.test(this.peek())) {
        this.#at += 1;
      }
      this.#digits('in exponent of numeric literal');
    }
  }

  #digits(context: string): void {
    if (!isDigit(this.peek())) {
      throw this.unexpected(context);
    }
    while (isDigit(this.#optional())) {
      this.#at += 1;
    }
  }

  /** The next byte, or nothing at the end: where a value may end, the end is no error. */
  #optional(): string {
    return this.#text[this.#at] ?? '';
  }
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}
