/**
 * Go's quoted forms, which the server's error texts contain. Printable is what Unicode calls a letter, mark, number,
 * punctuation or symbol, and the ASCII space (`strconv.IsPrint`).
 */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** `fmt`'s `%q` of a string: `a_b` becomes `"a_b"`. */
export function quote(text: string): string {
  let quoted = '"';
  for (const char of text) {
    quoted += char === '"' ? '\\"' : escapeRune(char);
  }
  return `${quoted}"`;
}

/** How `encoding/json` names a byte it did not expect, given as a latin1 character: `'}'`, `'\''`, `'"'`, `'\x00'`. */
export function quoteByte(char: string): string {
  return char === "'" ? "'\\''" : `'${escapeRune(char)}'`;
}

function escapeRune(char: string): string {
  const short = SHORT_ESCAPES[char];
  if (short !== undefined) {
    return short;
  }
  if (PRINTABLE.test(char)) {
    return char;
  }
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) {
    return `\\x${hex(code, 2)}`;
  }
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
