/** The first `maxLength` UTF-16 units of a text, well-formed, with an ellipsis where something was cut. */
export function truncate(text: string, maxLength: number): string {
  // The API server counts code points, of which there are never more than UTF-16 units.
  return text.length > maxLength ? `${text.slice(0, maxLength - 1).toWellFormed()}…` : text.toWellFormed();
}
