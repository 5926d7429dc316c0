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
export function memoryOf(listing: Iterable<Pick<ListedObject, 'size'>>): number {
  let bytes = smallestRunBytes;
  for (const { size = unlistedSize } of listing) {
    bytes += bytesPerObject + Math.ceil(size * bytesPerByte);
  }
  return bytes;
}

/**
 * The source of a run in `slot`. What is listed is counted while it is listed: a listing need not end. When
 * there is no memory for what was listed so far, the run holds no slot while it waits, and continues when
 * there is.
 */
export function memoryBoundSource(source: MetadataSource, slot: Slot, signal: AbortSignal): MetadataSource {
  return {
    location: source.location,
    async *list(listSignal) {
      let bytes = smallestRunBytes;
      let admitted = smallestRunBytes;
      for await (const page of source.list(listSignal)) {
        bytes += memoryOf(page) - smallestRunBytes;
        // A quarter ahead, so that a listing of many pages asks only a few times.
        if (bytes > admitted) {
          admitted = Math.ceil(Math.max(bytes, admitted * 1.25));
          await slot.grow(admitted, listSignal ?? signal);
        }
        yield page;
      }
    },
    get: (name, options) => source.get(name, options),
  };
}
