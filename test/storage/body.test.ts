import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readObjectBody } from '../../src/storage/body.ts';

const CHUNK = 512 * 1024;

/** A body that comes in these chunks, with its length announced or not. */
async function read(chunks: readonly Uint8Array[], length?: number): Promise<Uint8Array> {
  const stream = Readable.from(chunks);
  return readObjectBody(stream, { name: 'a body', maxBytes: 10 * CHUNK, length, onBytes: () => {} });
}

describe.each([
  ['announced', 3 * CHUNK],
  ['not announced', undefined],
])('a body whose length is %s', (_title, length) => {
  test('gives the memory of its chunks back as soon as they are copied', async () => {
    const chunks = [1, 2, 3].map((byte) => new Uint8Array(CHUNK).fill(byte));
    const body = await read(chunks, length);
    expect([body.length, body[0], body[CHUNK], body.at(-1)]).toEqual([3 * CHUNK, 1, 2, 3]);
    expect(chunks.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0]);
  });

  test('leaves a buffer alone that its chunks share with others', async () => {
    const shared = new Uint8Array(4 * CHUNK).fill(7);
    const body = await read(
      [0, 1, 2].map((i) => shared.subarray(i * CHUNK, (i + 1) * CHUNK)),
      length,
    );
    expect(body).toEqual(new Uint8Array(3 * CHUNK).fill(7));
    expect(shared).toEqual(new Uint8Array(4 * CHUNK).fill(7));
  });
});

test('a small body leaves its chunks to the collector', async () => {
  const chunk = new Uint8Array(4096).fill(1);
  expect(await read([chunk])).toEqual(chunk);
  expect(chunk.byteLength).toBe(4096);
});
