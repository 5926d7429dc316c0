/** Printable characters of ASCII only. */
const ASCII = /^[ -~]*$/;

/**
 * Upper-cases as Go's `strings.ToUpper` does: one code point becomes one code point. JavaScript follows the
 * full mapping instead, in which `ß` becomes `SS`: the server keeps it, and its staged ceremony lies under
 * that key.
 *
 * Held against Go 1.26 for every code point. What differs are letters that are younger than Go's tables
 * (Unicode 15).
 */
export function upperCase(text: string): string {
  // Nearly every name, and thousands of them in a row: within ASCII, JavaScript and Go agree.
  if (ASCII.test(text)) {
    return text.toUpperCase();
  }
  return Array.from(text, upperCaseLetter).join('');
}

function upperCaseLetter(letter: string): string {
  const upper = letter.toUpperCase();
  if ([...upper].length === 1) {
    return upper;
  }
  const code = letter.codePointAt(0) ?? 0;
  return String.fromCodePoint(code + (iotaSubscripts.find(({ has }) => has(code))?.offset ?? 0));
}

/** Greek letters with a iota subscript: the only ones with a simple mapping beside a longer full one. */
const iotaSubscripts = [
  // Three rows of eight: U+1F80–1F87 → U+1F88–1F8F, and so on.
  { has: (code: number) => code >= 0x1f80 && code <= 0x1fa7 && code % 16 < 8, offset: 8 },
  { has: (code: number) => code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3, offset: 9 },
] as const;
