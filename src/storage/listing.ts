import { randomInt } from 'node:crypto';
import { writtenAt } from './last-modified.ts';
import type { ListedObject } from './source.ts';

/** Objects for which a listing has room at first. */
const FIRST_CAPACITY = 64;
/** Bytes of names that are allocated at once; a name lies in one chunk. */
const CHUNK_BYTES = 2 ** 20;

/** The columns of a {@link Listing}, in memory that threads share: to hand them over copies nothing. */
export interface ListingColumns {
  readonly count: number;
  readonly largest: number;
  /** UTF-8, one name after the other. */
  readonly chunks: readonly Uint8Array[];
  /** Chunk and place of each name: `chunk · 2^20 + offset`. */
  readonly starts: Float64Array;
  /** Bytes of each name. */
  readonly lengths: Uint32Array;
  /** Bytes; NaN where the store did not say. */
  readonly sizes: Float64Array;
  /** Milliseconds since the epoch. */
  readonly times: Float64Array;
  /** Of each name, by {@link ListingColumns.multiplier}. */
  readonly hashes: Uint32Array;
  readonly multiplier: number;
}

/**
 * What a store listed, in its order. Held as columns of bytes and numbers: a hundred thousand names planted
 * in a bucket take 6 MB here and several times that as objects. Names are looked up through a hash table over
 * their bytes, whose function is drawn at random, so that names can't be chosen to collide.
 */
export class Listing implements Iterable<ListedObject> {
  #count = 0;
  #largest = 0;
  readonly #chunks: Buffer[] = [];
  /** Bytes used of the last chunk. */
  #used = CHUNK_BYTES;
  #starts: Float64Array = new Float64Array(FIRST_CAPACITY);
  #lengths: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  #sizes: Float64Array = new Float64Array(FIRST_CAPACITY);
  #times: Float64Array = new Float64Array(FIRST_CAPACITY);
  #hashes: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  #multiplier = randomInt(2 ** 21, 2 ** 22);
  /** Slot → index + 1; built by the first look-up. */
  #index: Uint32Array | undefined;

  /** Collects the pages of a source. */
  static async from(pages: AsyncIterable<readonly ListedObject[]>): Promise<Listing> {
    const listing = new Listing();
    for await (const page of pages) {
      for (const object of page) {
        listing.add(object);
      }
    }
    return listing;
  }

  static of(objects: Iterable<ListedObject>): Listing {
    const listing = new Listing();
    for (const object of objects) {
      listing.add(object);
    }
    return listing;
  }

  /** A complete listing from columns that {@link columns} gave, in another thread. */
  static fromColumns(columns: ListingColumns): Listing {
    const listing = new Listing();
    listing.#count = columns.count;
    listing.#largest = columns.largest;
    listing.#chunks.push(...columns.chunks.map((chunk) => Buffer.from(chunk.buffer)));
    listing.#starts = columns.starts;
    listing.#lengths = columns.lengths;
    listing.#sizes = columns.sizes;
    listing.#times = columns.times;
    listing.#hashes = columns.hashes;
    listing.#multiplier = columns.multiplier;
    return listing;
  }

  columns(): ListingColumns {
    return {
      count: this.#count,
      largest: this.#largest,
      chunks: this.#chunks.map((chunk) => new Uint8Array(chunk.buffer)),
      starts: this.#starts,
      lengths: this.#lengths,
      sizes: this.#sizes,
      times: this.#times,
      hashes: this.#hashes,
      multiplier: this.#multiplier,
    };
  }

  get size(): number {
    return this.#count;
  }

  /** Bytes of the largest object; 0 for an empty listing, infinite where the store did not say. */
  get largest(): number {
    return this.#largest;
  }

  add({ name, size, lastModified }: ListedObject): void {
    const at = this.#count;
    this.#reserve(at);
    const length = Buffer.byteLength(name);
    const chunk = this.#chunkFor(length);
    chunk.write(name, this.#used, 'utf8');
    this.#starts[at] = (this.#chunks.length - 1) * CHUNK_BYTES + this.#used;
    this.#lengths[at] = length;
    this.#hashes[at] = hashOf(chunk, this.#used, this.#used + length, this.#multiplier);
    this.#used += length;
    this.#sizes[at] = size ?? Number.NaN;
    this.#times[at] = lastModified.getTime();
    this.#largest = Math.max(this.#largest, size ?? Number.POSITIVE_INFINITY);
    this.#count++;
    this.#index = undefined;
  }

  /**
   * Notes when the bytes that were read of an object were written. Columns that were handed over before may
   * or may not show it.
   */
  noteLastModified(name: string, read: Date): void {
    const at = this.#find(name);
    if (at !== undefined) {
      this.#times[at] = writtenAt(new Date(this.#times[at] ?? 0), read).getTime();
    }
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** The object of that name; of equal names the first. */
  get(name: string): ListedObject | undefined {
    const at = this.#find(name);
    return at === undefined ? undefined : this.#object(at);
  }

  *[Symbol.iterator](): Generator<ListedObject, undefined> {
    for (let at = 0; at < this.#count; at++) {
      yield this.#object(at);
    }
  }

  #object(at: number): ListedObject {
    const size = this.#sizes[at] ?? 0;
    return {
      name: this.#name(at).toString('utf8'),
      size: Number.isNaN(size) ? undefined : size,
      lastModified: new Date(this.#times[at] ?? 0),
    };
  }

  #name(at: number): Buffer {
    const start = this.#starts[at] ?? 0;
    const offset = start % CHUNK_BYTES;
    const chunk = this.#chunks[(start - offset) / CHUNK_BYTES] ?? Buffer.alloc(0);
    return chunk.subarray(offset, offset + (this.#lengths[at] ?? 0));
  }

  /**
   * The last chunk, if the name fits, or a new one: of the usual size, or for a name that is larger than
   * that.
   */
  #chunkFor(length: number): Buffer {
    const last = this.#chunks.at(-1);
    if (last !== undefined && this.#used + length <= last.length) {
      return last;
    }
    const chunk = Buffer.from(new SharedArrayBuffer(Math.max(CHUNK_BYTES, length)));
    this.#chunks.push(chunk);
    this.#used = 0;
    return chunk;
  }

  #reserve(at: number): void {
    if (at < this.#starts.length) {
      return;
    }
    const capacity = at * 2;
    this.#starts = grown(this.#starts, new Float64Array(new SharedArrayBuffer(capacity * 8)));
    this.#lengths = grown(this.#lengths, new Uint32Array(new SharedArrayBuffer(capacity * 4)));
    this.#sizes = grown(this.#sizes, new Float64Array(new SharedArrayBuffer(capacity * 8)));
    this.#times = grown(this.#times, new Float64Array(new SharedArrayBuffer(capacity * 8)));
    this.#hashes = grown(this.#hashes, new Uint32Array(new SharedArrayBuffer(capacity * 4)));
  }

  #find(name: string): number | undefined {
    this.#index ??= this.#indexed();
    const key = Buffer.from(name);
    const mask = this.#index.length - 1;
    for (let slot = hashOf(key, 0, key.length, this.#multiplier) & mask; ; slot = (slot + 1) & mask) {
      const at = (this.#index[slot] ?? 0) - 1;
      if (at < 0) {
        return undefined;
      }
      if (key.equals(this.#name(at))) {
        return at;
      }
    }
  }

  #indexed(): Uint32Array {
    const index = new Uint32Array(2 ** Math.ceil(Math.log2(this.#count * 2 + 2)));
    const mask = index.length - 1;
    for (let at = 0; at < this.#count; at++) {
      let slot = (this.#hashes[at] ?? 0) & mask;
      while (index[slot] !== 0) {
        slot = (slot + 1) & mask;
      }
      index[slot] = at + 1;
    }
    return index;
  }
}

function grown<T extends Uint32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** A Mersenne prime: products with a multiplier of 22 bits stay exact. */
const PRIME = 2 ** 31 - 1;

/** The bytes as a polynomial in `multiplier`, modulo a prime: two names collide for few multipliers only. */
function hashOf(bytes: Uint8Array, start: number, end: number, multiplier: number): number {
  let hash = 1;
  for (let at = start; at < end; at++) {
    hash = (hash * multiplier + (bytes[at] ?? 0)) % PRIME;
  }
  return hash;
}
