import { releaseMemory } from '../../storage/release-memory.ts';
import { BACKSLASH, COMMA } from './characters.ts';

/** Numbers a member takes in a {@link MemberTable}. */
const MEMBER_SIZE = 3;

/**
 * Members of the objects that are being read, outermost first: where a member's key begins in the canonical
 * output, where it ends, and where the member ends. The key's opening quote stands one byte before the first.
 * Twelve bytes a member: a file of 64 MiB may have millions.
 */
export class MemberTable {
  #numbers: Uint32Array<ArrayBuffer> = new Uint32Array(64 * MEMBER_SIZE);
  #length = 0;

  /** Members in the table. */
  get length(): number {
    return this.#length;
  }

  /** @returns the member's place */
  push(keyStart: number, keyEnd: number): number {
    const at = this.#length * MEMBER_SIZE;
    if (at === this.#numbers.length) {
      const larger = new Uint32Array(this.#numbers.length * 2);
      larger.set(this.#numbers);
      releaseMemory(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[at] = keyStart;
    this.#numbers[at + 1] = keyEnd;
    return this.#length++;
  }

  close(member: number, end: number): void {
    this.#numbers[member * MEMBER_SIZE + 2] = end;
  }

  /** Drops the members from `base` on: their object is complete. */
  truncate(base: number): void {
    this.#length = base;
  }

  keyStart(member: number): number {
    return this.#numbers[member * MEMBER_SIZE] ?? 0;
  }

  keyEnd(member: number): number {
    return this.#numbers[member * MEMBER_SIZE + 1] ?? 0;
  }

  end(member: number): number {
    return this.#numbers[member * MEMBER_SIZE + 2] ?? 0;
  }

  /**
   * The members from `base` on, ordered by their keys in `buffer`; equal keys keep the order of the file. Who
   * asks for it releases its memory.
   */
  sorted(buffer: Uint8Array, base: number): Uint32Array<ArrayBuffer> {
    const order = new Uint32Array(this.#length - base);
    for (let i = 0; i < order.length; i++) {
      order[i] = base + i;
    }
    return order.sort((a, b) => this.compare(buffer, a, b) || a - b);
  }

  /** Gives the memory of the table back, which is of no use afterwards. */
  releaseMemory(): void {
    releaseMemory(this.#numbers);
  }

  compare(buffer: Uint8Array, a: number, b: number): number {
    return compareKeys(buffer, this.keyStart(a), this.keyEnd(a), this.keyStart(b), this.keyEnd(b));
  }
}

/**
 * Orders two keys as canonical JSON does: by code point, which for UTF-8 is by byte. The ranges hold
 * canonical strings, in which `"` and `\` are escaped; the order is that of the unescaped characters, so an
 * escape is stepped over.
 *
 * @returns negative, zero or positive, as for `Array.prototype.sort`
 */
function compareKeys(buffer: Uint8Array, aStart: number, aEnd: number, bStart: number, bEnd: number): number {
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
 * Puts the members of one object in canonical order. Of equal keys the last stays, and `onDuplicate` is
 * called.
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
  const order = table.sorted(out, base);
  const copy = Buffer.allocUnsafe(end - open);
  try {
    let to = 0;
    for (const [index, member] of order.entries()) {
      const next = order[index + 1];
      if (next !== undefined && table.compare(out, member, next) === 0) {
        onDuplicate(keyText(out, table.keyStart(next), table.keyEnd(next)));
        continue;
      }
      if (to > 0) {
        copy[to++] = COMMA;
      }
      to += out.copy(copy, to, table.keyStart(member) - 1, table.end(member));
    }
    return open + 1 + copy.copy(out, open + 1, 0, to);
  } finally {
    releaseMemory(order);
    releaseMemory(copy);
  }
}

/** Calls `onDuplicate` for the keys that stand more than once, without moving anything. */
export function findDuplicates(
  out: Buffer,
  table: MemberTable,
  base: number,
  onDuplicate: (key: string) => void,
): void {
  const order = table.sorted(out, base);
  try {
    for (const [index, member] of order.entries()) {
      const next = order[index + 1];
      if (next !== undefined && table.compare(out, member, next) === 0) {
        onDuplicate(keyText(out, table.keyStart(next), table.keyEnd(next)));
      }
    }
  } finally {
    releaseMemory(order);
  }
}

/**
 * Bytes of a key that are made into text: it is for messages and for short names, and a key may be megabytes
 * long.
 */
const MAX_KEY_TEXT = 400;

/** A key as its characters, from its canonical form; the first few hundred of a longer one. */
export function keyText(buffer: Buffer, start: number, end: number): string {
  const stop = Math.min(end, start + MAX_KEY_TEXT);
  const text = buffer.toString('latin1', start, stop);
  if (!/[\\\x80-\xff]/.test(text)) {
    return text;
  }
  return buffer.toString('utf8', start, stop).replaceAll(/\\(["\\])/g, '$1');
}
