/**
 * Reads anything as a record of unknowns, for values whose types promise more than they hold: errors and
 * requests inside the SDK. What is no object has no fields.
 */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  // Safe for any object: nothing is assumed about its fields.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
