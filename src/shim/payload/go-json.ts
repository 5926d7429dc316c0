/** Characters that Go's `json.Marshal` escapes although JSON does not ask for it. */
const ESCAPED = /[<>&\u2028\u2029]/g;

/**
 * JSON exactly as the server writes it: compact, members in the order given (the callers keep Go's: a map's
 * sorted, a struct's declared), and `<`, `>`, `&`, U+2028 and U+2029 escaped, so that an answer is harmless
 * inside HTML.
 */
export function marshalGoJSON(value: unknown): string {
  return JSON.stringify(value).replace(
    ESCAPED,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
