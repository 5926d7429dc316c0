/** Flat table of object members in canonical output: key start, key end, member end; three entries a member. */
export type MemberTable = number[];

const BACKSLASH = 0x5c;

/**
 * Orders two keys as canonical JSON does: by code point, which for UTF-8 is by byte. The ranges hold canonical
 * strings, in which `"` and `\` are escaped; the order is that of the unescaped characters, so an escape is
 * stepped over.
 *
 * @returns negative, zero or positive, as for `Array.prototype.sort`
 */
export function compareKeys(
  buffer: Uint8Array,
  aStart: number,
  aEnd: number,
  bStart: number,
  bEnd: number,
): number {
  let a = aStart;
  let b = bStart;
  while (a < aEnd && b < bEnd) {
    let x = buffer[a++] ?? 0;
    let y = buffer[b++] ?? 0;
    if (x === BACKSLASH) x = buffer[a++] ?? 0;
    if (y === BACKSLASH) y = buffer[b++] ?? 0;
    if (x !== y) return x - y;
  }
  return aEnd - a - (bEnd - b);
}
