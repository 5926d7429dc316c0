import { createHash } from 'node:crypto';

/** A deterministic stream of bytes and choices: equal seeds give equal repositories. */
export class SeededRandom {
  readonly #seed: string;
  #block = 0;

  constructor(seed: string | number) {
    this.#seed = String(seed);
  }

  /** A stream of its own, so that adding draws in one place does not change another. */
  fork(label: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${label}`);
  }

  bytes(count: number): Buffer {
    const blocks: Buffer[] = [];
    for (let size = 0; size < count; size += 64) {
      blocks.push(
        createHash('sha512')
          .update(`${this.#seed}#${this.#block++}`)
          .digest(),
      );
    }
    return Buffer.concat(blocks).subarray(0, count);
  }

  /** An integer from 0 to `below` − 1. */
  integer(below: number): number {
    return this.bytes(6).readUIntBE(0, 6) % below;
  }

  boolean(): boolean {
    return this.integer(2) === 1;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(items.length)];
    if (item === undefined) {
      throw new RangeError('nothing to pick from');
    }
    return item;
  }
}
