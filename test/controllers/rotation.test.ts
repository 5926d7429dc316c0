import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecoveryTargetManifest } from '../../src/api/recoverytarget.generated.ts';
import { systemClock } from '../../src/async/clock.ts';
import { Refresher } from '../../src/controllers/refresh/refresher.ts';
import { DIRECT } from '../../src/net/proxy-rule.ts';
import { type CertificateAuthority, createAuthority } from '../harness/certificates.ts';
import { poll } from '../harness/poll.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { adminClient } from './support/api-client.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { secret } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';

const BUCKET = 'updates';

let namespace: TestNamespace;
let controller: ControllerProcess;
let directory: TemporaryDirectory;
let authority: CertificateAuthority;
let other: CertificateAuthority;
let redis: RedisServer;
let s3: S3Server;
let bundle: string;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer(), 'rotation');
  directory = await temporaryDirectory('rotation');
  authority = await createAuthority('authority');
  other = await createAuthority('another authority');
  redis = await startRedis({ tls: { authority, clientCertificates: true } });
  s3 = await startS3({ buckets: [BUCKET], tls: { authority } });
  bundle = join(directory.path, 'ca.crt');
  await writeFile(bundle, other.certificate);
  controller = await startController(namespace, { env: { NODE_EXTRA_CA_CERTS: bundle } });
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
  await redis?.[Symbol.asyncDispose]();
  await authority?.[Symbol.asyncDispose]();
  await other?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

/** What a target refers to, as it should be. */
function good(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const { certificate = '', key = '' } = redis.certificate ?? {};
  return {
    'redis-ca': { 'ca.crt': authority.certificate },
    'redis-client': { 'tls.crt': certificate, 'tls.key': key },
    's3-ca': { 'ca.crt': authority.certificate },
    's3-keys': keys(s3.credentials.secretAccessKey),
  };
}

const keys = (secretAccessKey: string): Readonly<Record<string, string>> => ({
  AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
});

/** A target with Secrets whose names begin with its own; without `ca` it trusts the installation's. */
function target(name: string, ca: boolean): RecoveryTargetManifest {
  return {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'RecoveryTarget',
    metadata: { name },
    spec: {
      redis: {
        address: `${redis.host}:${redis.port}`,
        tls: {
          certSecretRef: { name: `${name}-redis-client` },
          ...(ca && { caSecretRef: { name: `${name}-redis-ca` } }),
        },
      },
      storage: {
        ...{ bucket: BUCKET, endpoint: s3.endpoint, region: s3.region, forcePathStyle: true },
        credentialsSecretRef: { name: `${name}-s3-keys` },
        ...(ca && { caSecretRef: { name: `${name}-s3-ca` } }),
      },
      trust: { onFirstUse: true },
      validationIntervalSeconds: 10,
    },
  };
}

const secretsOf = (name: string, values: ReturnType<typeof good>): readonly object[] =>
  Object.entries(values).map(([suffix, data]) => secret(`${name}-${suffix}`, data));

type Part = 'RedisReachable' | 'StorageReachable';

const partIs = (name: string, part: Part, status: string): Promise<unknown> =>
  poll(
    `${part} of ${name} to be ${status}`,
    async () => conditionOf(await namespace.target(name), part)?.status === status,
  );

describe('without a restart of the controller', () => {
  const MATERIAL: readonly (readonly [string, () => Readonly<Record<string, string>>, Part])[] = [
    ['redis-ca', () => ({ 'ca.crt': other.certificate }), 'RedisReachable'],
    ['s3-ca', () => ({ 'ca.crt': other.certificate }), 'StorageReachable'],
    ['s3-keys', () => keys('another key'), 'StorageReachable'],
  ];
  test.each(MATERIAL)('%s of a target is renewed', async (material, bad, part) => {
    const name = material;
    await namespace.apply(...secretsOf(name, { ...good(), [material]: bad() }), target(name, true));
    await partIs(name, part, 'False');
    await namespace.apply(...secretsOf(name, good()));
    await partIs(name, part, 'True');
  });

  test('redis-client of a target is renewed', async () => {
    const stranger = await other.issue('stranger');
    const bad = { 'tls.crt': stranger.certificate, 'tls.key': stranger.key };
    await namespace.apply(...secretsOf('client', { ...good(), 'redis-client': bad }), target('client', true));
    await partIs('client', 'RedisReachable', 'False');
    await namespace.apply(...secretsOf('client', good()));
    await partIs('client', 'RedisReachable', 'True');
  });

  test("the installation's certificate authorities are renewed, for Redis and S3 alike", async () => {
    await namespace.apply(...secretsOf('bundle', good()), target('bundle', false));
    await partIs('bundle', 'RedisReachable', 'False');
    await partIs('bundle', 'StorageReachable', 'False');
    await writeFile(bundle, `${other.certificate}\n${authority.certificate}`);
    await partIs('bundle', 'RedisReachable', 'True');
    await partIs('bundle', 'StorageReachable', 'True');
  });

  test("authority and secret of the server's API are renewed", async () => {
    const client = adminClient(namespace.cluster);
    const { certificate: cert, key } = await authority.issue('server');
    const tokens: string[] = [];
    const server = createServer({ cert, key }, (request, response) => {
      tokens.push(request.headers.authorization ?? '');
      response.writeHead(202, { 'content-type': 'application/json' });
      response.end('{"data":{"task_id":"a-task"}}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A server that listens on TCP has an address with a port.
    const { port } = server.address() as AddressInfo;
    const api = {
      url: `https://127.0.0.1:${port}`,
      caSecretRef: { name: 'api-ca' },
      jwtSecretRef: { name: 'api-jwt' },
    };
    const refresher = new Refresher({
      ...{ client, proxy: DIRECT, clock: systemClock },
      rules: { podNamespace: undefined, ambientNamespaces: [], apiServer: () => ({ host: 'none', port: 1 }) },
    });
    const ask = async (ca: string, jwt: string): Promise<string | undefined> => {
      await namespace.apply(secret('api-ca', { 'ca.crt': ca }), secret('api-jwt', { secret: jwt }));
      const manifest = target('api', false);
      await namespace.apply({ ...manifest, spec: { ...manifest.spec, api } });
      const app = { adminName: 'alice', appName: 'tuf' };
      const ordered = {
        state: 'Ordered',
        requestTime: '2026-01-01T00:00:00Z',
        roles: ['timestamp'],
      } as const;
      const sent = await refresher.send(
        await namespace.target('api'),
        app,
        ordered,
        pino({ level: 'silent' }),
        AbortSignal.timeout(60_000),
      );
      return sent.taskID;
    };
    expect(await ask(other.certificate, 'one')).toBeUndefined();
    expect(tokens).toEqual([]);
    expect(await ask(authority.certificate, 'one')).toBe('a-task');
    expect(await ask(authority.certificate, 'two')).toBe('a-task');
    expect(new Set(tokens).size).toBe(2);
    server.closeAllConnections();
    server.close();
    await client.close();
  });
});
