/**
 * Spelling of object names as file and URL path segments. Role names are free text (`../a`, `?`, emoji); in a
 * file name or URL everything but letters, digits, `-`, `.`, `_` and `~` is percent-encoded as UTF-8.
 */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The inverse of {@link encodeSegment}; text that is not percent-encoded UTF-8 stands for itself. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A literal `%` in a file name; encodeSegment never writes one, so the name is what it says.
    return segment;
  }
}
