import { afterAll, beforeAll, expect, test } from 'vitest';
import { nextTurn } from '../../src/async/in-turns.ts';
import { createClient } from '../../src/redis/client.ts';
import { type CertificateAuthority, createAuthority } from '../harness/certificates.ts';
import { startRedis } from '../harness/redis.ts';

const kib = 1024;
/** 16 bytes each in the reply. */
const items = 200_000;

let authority: CertificateAuthority;

beforeAll(async () => {
  authority = await createAuthority();
});

afterAll(() => authority[Symbol.asyncDispose]());

test.each([false, true])(
  'of a reply that is there already, each turn of the event loop takes a part, with TLS: %s',
  async (withTLS) => {
    await using redis = await startRedis(withTLS ? { tls: { authority } } : {});
    const { host, port } = redis;
    const client = createClient(
      {
        location: { kind: 'standalone', address: { host, port } },
        ...(withTLS && { tls: { ca: authority.certificate } }),
      },
      async () => ({ host, port }),
    );
    await client.connect();
    let inTurn = 0;
    let largest = 0;
    client.stream.on('data', ({ length }: Buffer) => {
      if (inTurn === 0) {
        setImmediate(() => {
          inTurn = 0;
        });
      }
      inTurn += length;
      largest = Math.max(largest, inTurn);
    });
    const reply = client.eval(
      `local all = {} for i = 1, ${items} do all[i] = '0123456789' end return all`,
      0,
    );
    await nextTurn();
    // As if the thread had been busy while Redis answered.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    expect(await reply).toHaveLength(items);
    expect(largest).toBeLessThanOrEqual(128 * kib);
    client.disconnect();
  },
);
