/** Characters that YAML refuses in a document, or folds into a space when they stand in a quoted text. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/**
 * The value as JSON that a YAML parser reads as the same value. Plain JSON is not always that: YAML refuses
 * control characters above ASCII, a byte order mark and unpaired surrogates, and folds U+0085, U+2028 and
 * U+2029 into a space. Unpaired surrogates become U+FFFD, as the API server's JSON parser reads them.
 * Source: YAML 1.2, 5.1 (printable characters) and 5.7 (escapes); its version 1.1 adds the line breaks.
 */
export function jsonAsYAML(value: unknown): string {
  const json = JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'string' ? member.toWellFormed() : member,
  );
  return json.replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
