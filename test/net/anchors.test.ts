import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootstrapRecoveries } from '../../src/api/resources.ts';
import { LoginTokens } from '../../src/controllers/refresh/login-tokens.ts';
import { ServerAPI } from '../../src/controllers/refresh/server-api.ts';
import { loadKubeconfig } from '../../src/kube/kubeconfig/load-kubeconfig.ts';
import { resolveHost } from '../../src/net/dial.ts';
import { DIRECT } from '../../src/net/proxy-rule.ts';
import { connectToRedis } from '../../src/redis/connect.ts';
import { JSONClient } from '../../src/shim/auth/json-client.ts';
import { readKeySet } from '../../src/shim/auth/key-documents.ts';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { type Certificate, type CertificateAuthority, createAuthority } from '../harness/certificates.ts';
import { listAll } from '../harness/list-all.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { testClient } from '../kube/fixtures/testclient.ts';

let root: CertificateAuthority;
let intermediate: CertificateAuthority;
let certificate: Certificate;
let server: Server;
let redis: RedisServer;
let directory: TemporaryDirectory;
let origin: string;
/** Requests that came through TLS: the client trusted the certificate. */
let received = 0;

beforeAll(async () => {
  root = await createAuthority('root');
  intermediate = await root.intermediate('intermediate');
  certificate = await intermediate.issue('server');
  directory = await temporaryDirectory('anchors');
  server = createServer({ cert: certificate.certificate, key: certificate.key }, (_request, response) => {
    received += 1;
    response.writeHead(404).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address with a port.
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // The same chain; what the test's own client trusts is the root.
  redis = await startRedis({ tls: { authority: { ...root, issue: async () => certificate } } });
});

afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  server?.closeAllConnections();
  server?.close();
  await directory?.[Symbol.asyncDispose]();
  await root?.[Symbol.asyncDispose]();
});

/** Who is asked over TLS: whether the server was trusted by these certificates. */
const SERVERS: Readonly<Record<string, (ca: string) => Promise<boolean>>> = {
  S3: (ca) =>
    wasAsked(async () => {
      const credentials = { kind: 'static', accessKeyId: 'a', secretAccessKey: 'b' } as const;
      const bucket = await S3Bucket.open({
        bucket: 'updates',
        access: { endpoint: origin, credentials, forcePathStyle: true, ca },
        limits: { maxAttempts: 1 },
      });
      await listAll(bucket.source('')).finally(() => bucket.destroy());
    }),
  Redis: async (ca) => {
    const address = { host: redis.host, port: redis.port };
    const connected = await connectToRedis({ location: { kind: 'standalone', address }, tls: { ca } }).catch(
      () => undefined,
    );
    connected?.client.disconnect();
    return connected !== undefined;
  },
  'the API server': (ca) =>
    wasAsked(async () => {
      const file = join(directory.path, 'kubeconfig');
      const data = Buffer.from(ca).toString('base64');
      const entries = {
        clusters: [{ name: 'c', cluster: { server: origin, 'certificate-authority-data': data } }],
        users: [{ name: 'c', user: { token: 'secret' } }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
      };
      await writeFile(file, JSON.stringify({ 'current-context': 'c', ...entries }));
      const environment = { kubeconfig: undefined, home: undefined, inCluster: false, now: () => new Date() };
      await using rig = testClient(() => loadKubeconfig({ ...environment, proxy: DIRECT }, { file }));
      await rig.client.get(bootstrapRecoveries, { namespace: 'n', name: 'a' });
    }),
  'a key set': (ca) =>
    wasAsked(async () => {
      const before = getCACertificates('default');
      setDefaultCACertificates([ca]);
      await readKeySet(new JSONClient(DIRECT), new URL(`${origin}/keys`)).finally(() =>
        setDefaultCACertificates(before),
      );
    }),
  "the server's API": (ca) =>
    wasAsked(async () => {
      const api = new ServerAPI({
        ...{ url: new URL(origin), ca, proxy: DIRECT, now: () => new Date(), resolve: resolveHost },
        ...{ credentials: { kind: 'secret', secret: 'secret' } as const, logins: new LoginTokens() },
      });
      const app = { adminName: 'alice', appName: 'tuf' };
      await api.refresh(app, ['timestamp'], AbortSignal.timeout(30_000));
    }),
};

async function wasAsked(ask: () => Promise<unknown>): Promise<boolean> {
  const before = received;
  await ask().catch(() => undefined);
  return received > before;
}

/** The first certificate of a chain. */
const leafOf = (chain: string): string => chain.slice(0, chain.indexOf('-----END') + 30);

describe.each(Object.entries(SERVERS))('%s', (_server, trusts) => {
  test.each([
    ['the root', () => root.certificate],
    ["the intermediate alone, as cert-manager's ca.crt may be", () => intermediate.certificate],
    ["the server's own certificate", () => leafOf(certificate.certificate)],
    ['a bundle', () => `${root.certificate}${intermediate.certificate}`],
  ])('is trusted by %s', async (_anchor, ca) => {
    expect(await trusts(ca())).toBe(true);
  });

  test('is not trusted by the authority of another', async () => {
    await using other = await createAuthority('root');
    const sibling = await root.intermediate('sibling');
    expect(await trusts(other.certificate)).toBe(false);
    expect(await trusts(sibling.certificate)).toBe(false);
  });
});
