import { BACKSLASH, COMMA } from './characters.ts';

/**
 * Flat table of object members in canonical output, three entries a member: where its key's characters begin, where
 * they end, and where the member ends. The key's opening quote stands one byte before the first.
 */
export type MemberTable = number[];

/** Numbers a member takes in a {@link MemberTable}. */
const MEMBER_SIZE = 3;

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
    if (x === BACKSLASH) {
      x = buffer[a++] ?? 0;
    }
    if (y === BACKSLASH) {
      y = buffer[b++] ?? 0;
    }
    if (x !== y) {
      return x - y;
    }
  }
  return aEnd - a - (bEnd - b);
}

/**
 * Puts the members of one object in canonical order. Of equal keys the last stays, and `onDuplicate` is told.
 *
 * @param out canonical output; the object begins at `open` with its bracket and its members end at `end`
 * @param table the members; those of this object begin at `base`
 * @returns where the members end now
 */
export function reorderMembers(
  out: Buffer,
  open: number,
  end: number,
  table: MemberTable,
  base: number,
  onDuplicate: (key: string) => void,
): number {
  const copy = Buffer.allocUnsafe(end - open);
  out.copy(copy, 0, open, end);
  const at = (entry: number): number => (table[entry] ?? 0) - open;
  const compare = (a: number, b: number): number => compareKeys(copy, at(a), at(a + 1), at(b), at(b + 1));
  const order: number[] = [];
  for (let entry = base; entry < table.length; entry += MEMBER_SIZE) {
    order.push(entry);
  }
  // Array.prototype.sort is stable: equal keys keep the order of the file, so the last one is the one that counts.
  order.sort(compare);
  let to = open + 1;
  for (const [index, member] of order.entries()) {
    const next = order[index + 1];
    if (next !== undefined && compare(member, next) === 0) {
      onDuplicate(keyText(copy, at(next), at(next + 1)));
      continue;
    }
    if (to > open + 1) {
      out[to++] = COMMA;
    }
    to += copy.copy(out, to, at(member) - 1, at(member + 2));
  }
  return to;
}

/** A key as its characters, from its canonical form. */
export function keyText(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('latin1', start, end);
  if (!/[\\\x80-\xff]/.test(text)) {
    return text;
  }
  return buffer.toString('utf8', start, end).replaceAll(/\\(["\\])/g, '$1');
}
