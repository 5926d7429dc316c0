import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followExtraAuthorities } from '../../src/net/extra-authorities.ts';
import { DIRECT } from '../../src/net/proxy-rule.ts';
import { JSONClient } from '../../src/shim/auth/json-client.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { type Certificate, type CertificateAuthority, createAuthority } from '../harness/certificates.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';

let directory: TemporaryDirectory;
let first: CertificateAuthority;
let second: CertificateAuthority;

beforeAll(async () => {
  directory = await temporaryDirectory('authorities');
  first = await createAuthority('first');
  second = await createAuthority('second');
});

afterAll(async () => {
  await first?.[Symbol.asyncDispose]();
  await second?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

/** An issuer's key set behind TLS. */
async function serve({
  certificate: cert,
  key,
}: Certificate): Promise<{ readonly url: URL } & AsyncDisposable> {
  const server = createServer({ cert, key }, (_request, response) => response.end('{"keys":[]}'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address with a port.
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/keys`);
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const LIMITS = { timeoutMs: 30_000, maxBytes: 1_000 };

/** Whether the keys can be read over a new connection. */
async function trusts(url: URL): Promise<boolean> {
  return await new JSONClient(DIRECT).get(url, LIMITS).then(
    () => true,
    () => false,
  );
}

test('certificate authorities count when their file changes: roots, a single server certificate, and nothing else', async () => {
  const leaf = await first.issue('first');
  await using one = await serve(leaf);
  await using two = await serve(await second.issue('second'));
  const both = async () => [await trusts(one.url), await trusts(two.url)];
  const path = join(directory.path, 'ca.crt');
  const clock = new ManualClock();
  const changes: number[] = [];
  const problems: string[] = [];
  const stop = followExtraAuthorities({
    ...{ path, clock },
    onChange: (count) => changes.push(count),
    onProblem: (problem) => problems.push(problem),
  });
  /** A kubelet replaces the file of a mounted Secret. */
  const put = async (text: string): Promise<void> => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
    const seen = changes.length + problems.length;
    await expect
      .poll(async () => {
        await clock.advance(10_000);
        return changes.length + problems.length;
      })
      .toBeGreaterThan(seen);
  };
  expect(await both()).toEqual([false, false]);
  await put(leaf.certificate);
  expect(await both()).toEqual([true, false]);
  await put(`# both\n${first.certificate}\n${second.certificate}`);
  expect(await both()).toEqual([true, true]);
  await put(second.certificate);
  expect(await both()).toEqual([false, true]);
  // What can't be read changes nothing, and is said once.
  await put('no certificate');
  await clock.advance(60_000);
  await put('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  expect(await both()).toEqual([false, true]);
  expect(problems.at(-2)).toMatch(/ca\.crt holds no PEM certificate/);
  expect(problems.at(-1)).toMatch(/Certificate 1 of .*ca\.crt can't be read/);
  await put(first.certificate);
  expect(await both()).toEqual([true, false]);
  stop();
  expect(clock.pending).toBe(0);
});
