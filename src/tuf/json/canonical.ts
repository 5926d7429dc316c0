/**
 * OLPC canonical JSON of a parsed value, as UTF-8 text: sorted keys, no whitespace, only `"` and `\` escaped.
 * For small values that were already scanned (keys, whose ids are the digest of this form); signatures are
 * always checked over canonical bytes taken from the file itself.
 */
export function canonicalJSON(value: unknown): string {
  if (typeof value === 'string') {
    return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
  }
  if (Array.isArray(value)) {
    return `[${value.map(canonicalJSON).join(',')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => compareCodePoints(a, b));
    return `{${members.map(([name, item]) => `${canonicalJSON(name)}:${canonicalJSON(item)}`).join(',')}}`;
  }
  return String(value);
}

/** UTF-16 order differs from code point order above U+FFFF; canonical JSON asks for the latter. */
function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}
