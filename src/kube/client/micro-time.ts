/**
 * `metav1.MicroTime`: RFC 3339 with exactly six digits of a second. The API server refuses the three that
 * `Date.toISOString` writes, and a lease refused is a controller that never leads and looks healthy.
 */
export function formatMicroTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
