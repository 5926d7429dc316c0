import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootstrapRecoveries } from '../../src/api/resources.ts';
import { LoginTokens } from '../../src/controllers/refresh/login-tokens.ts';
import { ServerAPI } from '../../src/controllers/refresh/server-api.ts';
import { loadKubeconfig } from '../../src/kube/kubeconfig/load-kubeconfig.ts';
import { resolveHost } from '../../src/net/dial.ts';
import { type ProxyRule, proxyRule } from '../../src/net/proxy-rule.ts';
import { postToWebhook } from '../../src/notifications/webhook.ts';
import { JSONClient } from '../../src/shim/auth/json-client.ts';
import { readIssuerKeySet, readKeySet } from '../../src/shim/auth/key-documents.ts';
import { Whoami } from '../../src/shim/auth/whoami.ts';
import { ambientCredentials } from '../../src/storage/s3/ambient-credentials.ts';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { type ForwardProxy, startForwardProxy } from '../harness/forward-proxy.ts';
import { listAll } from '../harness/list-all.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { testClient } from '../kube/fixtures/testclient.ts';

let proxy: ForwardProxy;
let server: Server;
let directory: TemporaryDirectory;
/** Where the server is, by a name that only the proxy resolves. */
let host: string;

beforeAll(async () => {
  proxy = await startForwardProxy();
  directory = await temporaryDirectory('proxied');
  server = createServer((_request, response) => response.writeHead(404).end('{}'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address with a port.
  host = `server.example.test:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await proxy?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

/** The AWS SDK reads these variables itself. */
async function useWebIdentity(): Promise<void> {
  const token = join(directory.path, 'token');
  await writeFile(token, 'a token');
  Object.assign(process.env, {
    AWS_WEB_IDENTITY_TOKEN_FILE: token,
    AWS_ROLE_ARN: 'arn:aws:iam::1:role/x',
    AWS_REGION: 'eu-west-3',
  });
}

/** Every way out of the process: how something at this origin is asked for with these rules. */
const WAYS: Readonly<Record<string, (origin: string, rule: ProxyRule) => Promise<unknown>>> = {
  S3: async (endpoint, rule) => {
    const credentials = { kind: 'static', accessKeyId: 'a', secretAccessKey: 'b' } as const;
    const bucket = await S3Bucket.open({
      bucket: 'updates',
      access: { endpoint, credentials, forcePathStyle: true, proxy: rule },
      limits: { maxAttempts: 1 },
    });
    return await listAll(bucket.source('')).finally(() => bucket.destroy());
  },
  STS: async (origin, rule) => {
    await useWebIdentity();
    process.env['AWS_ENDPOINT_URL_STS'] = origin;
    return await ambientCredentials(rule)();
  },
  'the API server': async (origin, rule) => {
    const file = join(directory.path, 'kubeconfig');
    const entries = {
      clusters: [{ name: 'c', cluster: { server: origin } }],
      users: [{ name: 'c', user: { token: 'secret' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
    };
    await writeFile(file, JSON.stringify({ 'current-context': 'c', ...entries }));
    const environment = { kubeconfig: undefined, home: undefined, inCluster: false, now: () => new Date() };
    await using rig = testClient(() => loadKubeconfig({ ...environment, proxy: rule }, { file }));
    return await rig.client.get(bootstrapRecoveries, { namespace: 'n', name: 'a' });
  },
  'a key set': async (origin, rule) => await readKeySet(new JSONClient(rule), new URL(`${origin}/keys`)),
  'an issuer': async (origin, rule) => await readIssuerKeySet(new JSONClient(rule), origin),
  whoami: async (origin, rule) => {
    const whoami = new Whoami({
      ...{ url: new URL(origin), client: new JSONClient(rule), monotonic: () => 0 },
      ...{ recentMs: 1, staleMs: 1, timeoutMs: 30_000, onProblem: () => undefined },
    });
    const caller = { username: 'alice', userID: undefined, isAdmin: undefined, claims: {}, token: 't' };
    return await whoami.roleOf(caller, 'current');
  },
  'a webhook': async (origin, rule) => {
    const urlFile = join(directory.path, 'webhook');
    await writeFile(urlFile, `${origin}/hook`);
    const options = { urlFile, proxy: rule, resolve: resolveHost, timeoutMs: 30_000 };
    return await postToWebhook(options, '{}', AbortSignal.timeout(30_000));
  },
  "the server's API": async (origin, rule) => {
    const api = new ServerAPI({
      ...{ url: new URL(origin), ca: undefined, proxy: rule, now: () => new Date() },
      ...{ credentials: { kind: 'secret', secret: 'secret' } as const, logins: new LoginTokens() },
      resolve: resolveHost,
    });
    const app = { adminName: 'alice', appName: 'tuf' };
    return await api.refresh(app, ['timestamp'], AbortSignal.timeout(30_000));
  },
};

describe.each(Object.entries(WAYS))('%s', (_way, ask) => {
  /** What the proxy was asked for meanwhile; whether there was a useful answer is not the question here. */
  async function asked(origin: string, rule: ProxyRule): Promise<readonly string[]> {
    const before = proxy.requests.length;
    await ask(origin, rule).catch(() => undefined);
    return proxy.requests.slice(before);
  }

  test.each([
    ['http', /^((GET|POST) http:\/\/|CONNECT )server\.example\.test:/],
    ['https', /^CONNECT server\.example\.test:/],
  ])('is asked through the proxy of %s', async (scheme, request) => {
    const rule = proxyRule({ [`${scheme}Proxy`]: proxy.url });
    const requests = await asked(`${scheme}://${host}`, rule);
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.every((each) => request.test(each) && each.includes(host))).toBe(true);
  });

  test.each([
    ['where NO_PROXY names it', `https://server.example.test`, '.example.test'],
    ['where NO_PROXY names its port', 'https://server.example.test', 'server.example.test:9'],
    ['where it is this machine', 'https://127.0.0.1', ''],
  ])('is asked past the proxy %s', async (_where, origin, noProxy) => {
    const rule = proxyRule({ httpProxy: proxy.url, httpsProxy: proxy.url, noProxy });
    // A port on which nothing listens.
    expect(await asked(`${origin}:9`, rule)).toEqual([]);
  });
});

describe('AWS itself, whose hosts only the SDK knows', () => {
  /** Names that were to be reached without the proxy. */
  const direct: string[] = [];

  const list = async (rule: ProxyRule): Promise<unknown> => {
    const bucket = await S3Bucket.open({
      bucket: 'updates',
      access: {
        credentials: { kind: 'static', accessKeyId: 'a', secretAccessKey: 'b' },
        ...{ region: 'eu-west-3', proxy: rule },
        resolve: async (name) => {
          direct.push(name);
          throw new Error('this test asks nothing outside of this machine');
        },
      },
      limits: { maxAttempts: 1 },
    });
    return await listAll(bucket.source('')).finally(() => bucket.destroy());
  };

  test.each([
    ['the region', 's3.eu-west-3.amazonaws.com'],
    ['the bucket', 'updates.s3.eu-west-3.amazonaws.com:443'],
    ['all of AWS', '.amazonaws.com'],
  ])('is asked past the proxy where NO_PROXY names %s', async (_what, noProxy) => {
    direct.length = 0;
    const before = proxy.requests.length;
    await list(proxyRule({ httpsProxy: proxy.url, noProxy })).catch(() => undefined);
    expect(proxy.requests.slice(before)).toEqual([]);
    expect(direct).toEqual(['updates.s3.eu-west-3.amazonaws.com']);
  });

  test('is asked through the proxy where NO_PROXY names another host of it', async () => {
    direct.length = 0;
    const before = proxy.requests.length;
    const rule = proxyRule({ httpsProxy: proxy.url, noProxy: 's3.amazonaws.com,sts.amazonaws.com' });
    await list(rule).catch(() => undefined);
    await useWebIdentity();
    delete process.env['AWS_ENDPOINT_URL_STS'];
    await ambientCredentials(rule)().catch(() => undefined);
    expect(direct).toEqual([]);
    expect(proxy.requests.slice(before)).toEqual([
      'CONNECT updates.s3.eu-west-3.amazonaws.com:443',
      'CONNECT sts.eu-west-3.amazonaws.com:443',
    ]);
  });
});
