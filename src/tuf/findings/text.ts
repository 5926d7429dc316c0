/**
 * Text from outside on its way into a message: the one place where it is cut. Everything a repository says
 * (names, keys, dates, digests) may be megabytes long or hold characters that rewrite a terminal.
 */

/** Longest text from outside inside a message, in UTF-16 units, when the caller says nothing. */
const DEFAULT_LENGTH = 80;

/** Controls of C0 and C1, zero-width and bidirectional characters, line separators. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** `text` with at most `length` UTF-16 units; `…` stands for the rest. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1).toWellFormed()}…` : text;
}

/** `text` without quotes, cut, with what can't be seen escaped. */
export function printable(text: string, length = DEFAULT_LENGTH): string {
  return shorten(text, length).replaceAll(
    INVISIBLE,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Any JSON value as JSON, cut: strings in quotes, large integers exactly, objects and arrays by their kind.
 */
export function quoted(value: unknown, length = DEFAULT_LENGTH): string {
  if (typeof value === 'string') {
    return printable(JSON.stringify(shorten(value, length)), length * 2);
  }
  if (Array.isArray(value)) {
    return 'an array';
  }
  if (typeof value === 'object' && value !== null) {
    return 'an object';
  }
  return value === undefined ? 'absent' : String(value);
}
