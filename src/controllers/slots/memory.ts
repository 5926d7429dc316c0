import type { ListedObject, MetadataSource } from '../../storage/source.ts';
import type { Slot } from './slot-pool.ts';

const MiB = 2 ** 20;

/** What a run needs before its listing is known, and a run of few roles in all. */
export const smallestRunBytes = 4 * MiB;

/** Process, caches, connections and a heap that is not collected all the time: what runs may not use. An
 * estimate: an idle controller takes 57 to 64 MiB, a busy one half as much again, and the rest is a margin.
 * */
const reservedBytes = 192 * MiB;

/**
 * Measured with `npm run bench:verify`: 16,388 files of 35.7 MB raise the peak of resident memory by 253 MB.
 * Files are small, so most of it comes with each file and not with its bytes.
 */
const bytesPerObject = 9_000;
const bytesPerByte = 3;
/**
 * What the largest file takes beyond that while it is read: as it comes in, canonicalised, and as a table of
 * its members. Measured with `npm run bench:hostile`.
 */
const bytesPerByteOfLargest = 3;
/** A larger file is refused by its size. */
const maxFileBytes = 64 * MiB;
/**
 * Steps in which a listing asks for memory while it comes in, so that none is large before it was granted.
 */
const listingStepBytes = 16 * MiB;
/** What an object is taken to have when the store lists no sizes; metadata of one role is smaller. */
const unlistedSize = 65_536;

/** Bytes that runs and verifications may use together, in a process that may use `limitBytes`. */
export function memoryForRuns(limitBytes: number): number {
  return Math.max(limitBytes - reservedBytes, limitBytes / 4);
}

/**
 * Bytes of memory that verifying a listed repository takes at its peak, and planning and writing its recovery
 * after that.
 */
export function memoryOf(listing: Iterable<Pick<ListedObject, 'name' | 'size'>>): number {
  const estimate = new MemoryEstimate();
  for (const object of listing) {
    estimate.add(object);
  }
  return estimate.bytes;
}

class MemoryEstimate {
  #bytes = smallestRunBytes;
  #largest = 0;

  get bytes(): number {
    return this.#bytes + this.#largest * bytesPerByteOfLargest;
  }

  add({ name, size = unlistedSize }: Pick<ListedObject, 'name' | 'size'>): void {
    this.#bytes += bytesPerObject + name.length + size * bytesPerByte;
    this.#largest = Math.max(this.#largest, Math.min(size, maxFileBytes));
  }
}

/**
 * The source of a run in `slot`: the run continues when there is memory for what was listed so far, and holds
 * no more than a step of the listing while it waits.
 */
export function memoryBoundSource(source: MetadataSource, slot: Slot, signal: AbortSignal): MetadataSource {
  return {
    location: source.location,
    async *list(listSignal) {
      const estimate = new MemoryEstimate();
      let granted = estimate.bytes;
      for await (const page of source.list(listSignal)) {
        for (const object of page) {
          estimate.add(object);
        }
        if (estimate.bytes - granted >= listingStepBytes) {
          await slot.grow(estimate.bytes, listSignal ?? signal);
          granted = estimate.bytes;
        }
        yield page;
      }
      await slot.grow(estimate.bytes, listSignal ?? signal);
    },
    get: (name, options) => source.get(name, options),
    neighbours: async (levelsUp, listSignal) => (await source.neighbours?.(levelsUp, listSignal)) ?? [],
  };
}
