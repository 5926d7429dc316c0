import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { buffersOf, packFiles, type ReadFile, unpackFiles } from '../../../src/tuf/offload/packed-files.ts';

const LARGE = 65_536;

/** What arrives on the other thread. */
function cross(files: readonly ReadFile[]): readonly ReadFile[] {
  const packed = packFiles(files);
  return unpackFiles(structuredClone(packed, { transfer: buffersOf(packed) }));
}

test('every file crosses with its id and its exact bytes, whatever the sizes', () => {
  const sizes = fc.oneof(fc.nat(3000), fc.constantFrom(LARGE - 1, LARGE, LARGE + 1, 100_000));
  fc.assert(
    fc.property(fc.array(sizes, { maxLength: 40 }), (lengths) => {
      const files = lengths.map((length, id) => ({ id, bytes: new Uint8Array(length).fill(id + 1) }));
      const expected = files.map(({ id, bytes }) => [id, Buffer.from(bytes)] as const);
      const crossed = new Map(cross(files).map(({ id, bytes }) => [id, Buffer.from(bytes)]));
      expect(crossed).toEqual(new Map(expected));
    }),
    { numRuns: 50 },
  );
});

test('a large file that is a view of a larger buffer takes only its own bytes along', () => {
  const whole = new Uint8Array(LARGE * 3).fill(7);
  const view = whole.subarray(LARGE, LARGE * 2);
  const [file] = cross([{ id: 4, bytes: view }]);
  expect(file?.bytes.buffer.byteLength).toBe(LARGE);
  expect(whole).toHaveLength(LARGE * 3);
});

test('a large file that owns its buffer is moved, not copied', () => {
  const bytes = new Uint8Array(LARGE);
  cross([{ id: 1, bytes }]);
  expect(bytes).toHaveLength(0);
});
