import { expect, test } from 'vitest';
import { MetadataFault } from '../../src/tuf/findings/fault.ts';
import { openFile } from '../../src/tuf/metadata/envelope.ts';

const MiB = 2 ** 20;
const SIZE = 4 * MiB;

/** So many members of twelve bytes, upwards or downwards. */
const members = (count: number, place: (i: number) => number): string =>
  Array.from({ length: count }, (_, i) => `"${String(place(i)).padStart(7, '0')}":1`).join(',');

/** Files that are refused after some or all of them was read. */
const REFUSED = {
  'without signed': `{"x":"${'a'.repeat(SIZE)}"}`,
  'with a signed that is no object': `{"signatures":[],"signed":["${'a'.repeat(SIZE)}"]}`,
  'with a signed of another type': `{"signatures":[],"signed":{"_type":"root","x":"${'a'.repeat(SIZE)}"}}`,
  'that is cut': `{"x":"${'a'.repeat(SIZE)}`,
  'with members in the wrong order': `{"x":{${members(SIZE / 12, (i) => SIZE - i)}}}`,
  'with a member that stands twice': `{"x":{${members(SIZE / 12, (i) => (i === 0 ? SIZE - 5 : SIZE - i))}}}`,
  'with a member that stands twice at the top': `{${members(SIZE / 12, (i) => (i === 0 ? SIZE - 5 : SIZE - i))}}`,
};

/** A growing table leaves steps below a mebibyte each to the collector: less than this together. */
const MOST_LEFT_MIB = 2;

// The allocator counts what was given back, and no collection is asked for.
test.each(Object.entries(REFUSED))('a file %s leaves hardly any memory for the collector', (_title, text) => {
  const bytes = new Uint8Array(Buffer.from(text));
  const before = process.memoryUsage().arrayBuffers;
  expect(() => openFile(bytes, 'targets', 'unambiguous')).toThrow(MetadataFault);
  expect((process.memoryUsage().arrayBuffers - before) / MiB).toBeLessThan(MOST_LEFT_MIB);
});
