import { randomInt } from 'node:crypto';
import type { ListedObject } from './source.ts';

/** Objects for which a listing has room at first. */
const FIRST_CAPACITY = 64;
/** Bytes of a name, on average, for which it has room at first. */
const FIRST_NAME_BYTES = 32;

/** The columns of a {@link Listing}: what crosses a thread boundary, as a copy. */
export interface ListingColumns {
  readonly count: number;
  readonly largest: number;
  /** UTF-8, one name after the other. */
  readonly names: Uint8Array<ArrayBuffer>;
  /** Where each name ends in `names`. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** Bytes. */
  readonly sizes: Float64Array<ArrayBuffer>;
  /** Milliseconds since the epoch. */
  readonly times: Float64Array<ArrayBuffer>;
  /** Of each name, by {@link ListingColumns.multiplier}. */
  readonly hashes: Uint32Array<ArrayBuffer>;
  readonly multiplier: number;
}

/**
 * What a store listed, in its order. Held as columns of bytes and numbers: a hundred thousand names planted in a bucket
 * take 6 MB here and several times that as objects. Names are looked up through a hash table over their bytes, whose
 * function is drawn at random, so that names can't be chosen to collide.
 */
export class Listing implements Iterable<ListedObject> {
  #count = 0;
  #largest = 0;
  #names = Buffer.allocUnsafe(FIRST_CAPACITY * FIRST_NAME_BYTES);
  #ends = new Uint32Array(FIRST_CAPACITY);
  #sizes = new Float64Array(FIRST_CAPACITY);
  #times = new Float64Array(FIRST_CAPACITY);
  #hashes = new Uint32Array(FIRST_CAPACITY);
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

  /** A listing from columns that {@link columns} gave, in another thread. */
  static fromColumns(columns: ListingColumns): Listing {
    const { count, largest, names, ends, sizes, times, hashes, multiplier } = columns;
    const listing = new Listing();
    listing.#count = count;
    listing.#largest = largest;
    listing.#names = Buffer.from(names.buffer, names.byteOffset, names.byteLength);
    listing.#ends = ends;
    listing.#sizes = sizes;
    listing.#times = times;
    listing.#hashes = hashes;
    listing.#multiplier = multiplier;
    return listing;
  }

  columns(): ListingColumns {
    const count = this.#count;
    return {
      count,
      largest: this.#largest,
      // Copies of exactly what is used: a view would take the whole buffer along.
      names: Uint8Array.from(this.#names.subarray(0, this.#start(count))),
      ends: this.#ends.slice(0, count),
      sizes: this.#sizes.slice(0, count),
      times: this.#times.slice(0, count),
      hashes: this.#hashes.slice(0, count),
      multiplier: this.#multiplier,
    };
  }

  get size(): number {
    return this.#count;
  }

  /** Bytes of the largest object; 0 for an empty listing. */
  get largest(): number {
    return this.#largest;
  }

  add({ name, size, lastModified }: ListedObject): void {
    const at = this.#count;
    const start = this.#start(at);
    this.#reserve(at + 1, start + Buffer.byteLength(name));
    const end = start + this.#names.write(name, start, 'utf8');
    this.#ends[at] = end;
    this.#hashes[at] = hashOf(this.#names, start, end, this.#multiplier);
    this.#sizes[at] = size;
    this.#times[at] = lastModified.getTime();
    this.#largest = Math.max(this.#largest, size);
    this.#count++;
    this.#index = undefined;
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
    return {
      name: this.#names.toString('utf8', this.#start(at), this.#ends[at]),
      size: this.#sizes[at] ?? 0,
      lastModified: new Date(this.#times[at] ?? 0),
    };
  }

  #start(at: number): number {
    return at === 0 ? 0 : (this.#ends[at - 1] ?? 0);
  }

  #reserve(count: number, nameBytes: number): void {
    if (count > this.#ends.length) {
      const capacity = count * 2;
      this.#ends = grown(this.#ends, new Uint32Array(capacity));
      this.#sizes = grown(this.#sizes, new Float64Array(capacity));
      this.#times = grown(this.#times, new Float64Array(capacity));
      this.#hashes = grown(this.#hashes, new Uint32Array(capacity));
    }
    if (nameBytes > this.#names.length) {
      this.#names = grown(this.#names, Buffer.allocUnsafe(nameBytes * 2));
    }
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
      if (key.compare(this.#names, this.#start(at), this.#ends[at]) === 0) {
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

function grown<T extends Uint32Array | Float64Array | Buffer>(old: T, larger: T): T {
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
