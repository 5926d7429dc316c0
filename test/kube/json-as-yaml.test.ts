import { afterAll, beforeAll, expect, test } from 'vitest';
import type { APIClient } from '../../src/kube/client/api-client.ts';
import { configMaps } from '../../src/kube/client/secret-or-config-map.ts';
import { namespaceClient } from '../controllers/support/api-client.ts';
import type { TestNamespace } from '../controllers/support/namespace.ts';

let namespace: TestNamespace;
let client: APIClient;

beforeAll(async () => {
  ({ namespace, client } = await namespaceClient('yaml'));
});

afterAll(() => client?.close());

async function applied(text: string): Promise<string | undefined> {
  const metadata = { namespace: namespace.name, name: 'text' };
  const object = await client.apply(
    configMaps,
    { metadata, data: { text } },
    { fieldManager: 'test', force: true },
  );
  return object.data?.['text'];
}

test('server-side apply stores every character of the basic plane as it was sent', async () => {
  for (let start = 0; start < 0x1_0000; start += 0x400) {
    const codes = Array.from({ length: 0x400 }, (_, offset) => start + offset);
    const text = String.fromCharCode(...codes.filter((code) => code < 0xd800 || code > 0xdfff));
    expect(await applied(text), start.toString(16)).toBe(text);
  }
});

test('and every character beyond it; half of one is replaced', async () => {
  for (const text of ['😀', '\u{1fffe}', '\u{10ffff}', '\\ud83d', '\\u0085']) {
    expect(await applied(text)).toBe(text);
  }
  expect(await applied('x\ud83dy')).toBe('x\ufffdy');
});
