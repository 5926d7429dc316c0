/** How the server reads a setting. */
export type ValueKind =
  /** Lifetime of new metadata in days. Used raw: `0` or `-1` would sign metadata that is expired at once. */
  | 'days'
  /** A threshold or number of keys. */
  | 'count'
  /** `1`/`0`, or `true`/`false` from older versions. */
  | 'flag';

const positiveInteger = /^[1-9][0-9]*$/;
const flags = new Set(['1', '0', 'true', 'false']);

/** Whether the server can use `value` as it stands. It never checks; a run does. */
export function isValid(kind: ValueKind, value: string): boolean {
  if (kind === 'flag') {
    return flags.has(value);
  }
  return positiveInteger.test(value) && Number.isSafeInteger(Number(value));
}
