import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readWatchStream, type WatchEvent } from '../../src/kube/cache/watch-stream.ts';
import { APIError, isExpired } from '../../src/kube/client/api-error.ts';
import { ConnectionError } from '../../src/kube/client/connection-error.ts';
import type { Widget } from './fixtures/widget.ts';

function line(type: string, name: string, resourceVersion: string): string {
  const metadata = { name, namespace: 'n', uid: name, resourceVersion };
  return `${JSON.stringify({ type, object: { apiVersion: 'kube.test/v1', kind: 'Widget', metadata, spec: { size: 1 } } })}\n`;
}

async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let start = 0;
  for (const end of places) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

async function read(body: AsyncIterable<Uint8Array>): Promise<WatchEvent<Widget>[]> {
  const events: WatchEvent<Widget>[] = [];
  for await (const event of readWatchStream<Widget>('WATCH', body, () => undefined)) {
    events.push(event);
  }
  return events;
}

const text = line('ADDED', 'wörd-✓', '1') + line('MODIFIED', 'wörd-✓', '2') + line('BOOKMARK', '', '3');

test('events are the same wherever the network cuts the stream, characters included', async () => {
  const whole = await read(pieces(Buffer.from(text), []));
  expect(whole.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'BOOKMARK']);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 20 }), async (cuts) => {
      expect(await read(pieces(Buffer.from(text), cuts))).toEqual(whole);
    }),
  );
});

test('a stream that ends in the middle of a line delivers the whole events before it, and nothing of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: Buffer.byteLength(text) }), async (end) => {
      const bytes = Buffer.from(text).subarray(0, end);
      const whole = bytes.toString('latin1').split('\n').length - 1;
      expect(await read(pieces(bytes, []))).toHaveLength(whole);
    }),
  );
});

test('an ERROR event is the APIError it carries', async () => {
  const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' };
  const failing = read(pieces(Buffer.from(`${JSON.stringify({ type: 'ERROR', object: status })}\n`), []));
  await expect(failing).rejects.toBeInstanceOf(APIError);
  await expect(failing).rejects.toSatisfy(isExpired);
});

test.each([
  'not json',
  '{"type":"ADDED"}',
  '[]',
  '{"type":"ADDED","object":{}}',
  '{"type":"NEWS","object":{}}',
])('a line that is no event is an error, never skipped: %s', async (bad) => {
  const failing = read(pieces(Buffer.from(`${bad}\n`), []));
  await expect(failing).rejects.toMatchObject({ failure: 'Malformed' });
  await expect(failing).rejects.toBeInstanceOf(ConnectionError);
  await expect(failing).rejects.not.toThrow(bad);
});
