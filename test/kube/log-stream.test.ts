import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLogStream } from '../../src/kube/logs/log-stream.ts';

async function linesOf(chunks: readonly Uint8Array[]): Promise<readonly string[]> {
  async function* body(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  const lines: string[] = [];
  for await (const line of readLogStream(body())) {
    lines.push(line);
  }
  return lines;
}

function cut(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

test('the lines are the same wherever the network cuts them', async () => {
  const line = fc.string({ unit: 'grapheme' }).filter((text) => text !== '' && !text.includes('\n'));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat()), fc.boolean(), async (lines, places, isEnded) => {
      const text = lines.join('\n') + (isEnded && lines.length > 0 ? '\n' : '');
      const bytes = Buffer.from(text);
      expect(await linesOf(cut(bytes, places))).toEqual(
        bytes.toString('utf8').split('\n').slice(0, lines.length),
      );
    }),
  );
});

test('of a line that never ends the beginning is kept, and the next one is whole', async () => {
  const endless = Array.from({ length: 64 }, () => Buffer.alloc(64 * 1024, 'x'));
  const lines = await linesOf([...endless, Buffer.from('\nnext\n')]);
  expect(lines.map(({ length }) => length)).toEqual([256 * 1024, 4]);
});
