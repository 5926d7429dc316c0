import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { applyCRDs } from '../shim/support/running-shim.ts';
import { startShimProcess } from '../shim/support/shim-process.ts';

let cluster: APIServerAccess;
let namespace: string;

beforeAll(async () => {
  cluster = await sharedAPIServer();
  await applyCRDs(cluster);
  namespace = await cluster.createNamespace('field-shim');
});

/** An issuer whose discovery document names it with a slash at its end, or which has no key set. */
async function startIssuer(): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    if (request.url === '/tenant/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: `${url}/tenant/`, jwks_uri: `${url}/keys` }));
    } else {
      response.writeHead(404).end('not found');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address with a port.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('[16] a mistake about the issuer is said once, with its cause, and is no "try again":', () => {
  const CAUSE = 'the signing keys of the token issuer cannot be read';
  test.each([
    [
      'an issuer that differs by a slash',
      (url: string) => ['--oidc', `--issuer=${url}/tenant`, '--audience=x'],
      /names the issuer http:[^ ]+\/tenant\/, not http:[^ ]+\/tenant: give --issuer exactly/,
    ],
    [
      'a key set that is not there',
      (url: string) => [`--jwks-url=${url}/keys`, `--issuer=${url}/tenant`, '--audience=x'],
      /http:[^ ]+\/keys answered 404: check --jwks-url/,
    ],
  ])('%s', async (_what, keys, cause) => {
    await using issuer = await startIssuer();
    await using shim = await startShimProcess(cluster, namespace, [...keys(issuer.url), '--admin=a'], {
      ...{ keys: 'arguments', ready: false },
    });
    await poll('the cause in the log', async () => cause.test(await shim.process.log()));
    const token = ['x', 'y', 'z'].map((part) =>
      Buffer.from(`{"alg":"RS256","k":"${part}"}`).toString('base64url'),
    );
    for (let tries = 0; tries < 3; tries += 1) {
      const response = await fetch(`${shim.url}/tuf/v1/bootstrap/recovery`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token.join('.')}` },
        body: '{"appName":"tuf"}',
      });
      const text = await response.text();
      expect([response.status, text]).toEqual([
        503,
        expect.stringContaining('configured differently, see its log'),
      ]);
      expect(text).not.toContain('try again');
    }
    const log = await shim.process.log();
    expect(log.split(CAUSE)).toHaveLength(2);
    expect(log).not.toMatch(/internal error|\.ts:\d+/);
  });
});

test('[19] a slash at the end of the path is answered as the real server answers it', async () => {
  await using shim = await startShimProcess(cluster, namespace, ['--admin=a']);
  const { stdout } = await promisify(execFile)('curl', [
    ...['--silent', '--include', '--request', 'POST', `${shim.url}/tuf/v1/bootstrap/recovery/`],
    ...['--header', 'Authorization: Bearer T', '--data', '{"appName":"tuf"}'],
  ]);
  expect(stdout).toMatch(/^HTTP\/1\.1 307 /);
  expect(stdout).toMatch(/^Location: \/tuf\/v1\/bootstrap\/recovery\r$/m);
});
