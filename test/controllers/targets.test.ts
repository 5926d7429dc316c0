import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecoveryTarget, RecoveryTargetManifest } from '../../src/api/recoverytarget.generated.ts';
import { createAuthority } from '../harness/certificates.ts';
import { clockAheadMs } from '../harness/clock.ts';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { freePort } from '../harness/free-port.ts';
import { poll } from '../harness/poll.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { createReader } from '../harness/s3-reader.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, secret, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple', 'deleg']);
  await namespace.apply(...installation.secrets);
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

/** Waits until the controller has checked a target in its present form. */
const checked = (name: string): Promise<RecoveryTarget> =>
  poll(`target ${name} to be checked`, async () => {
    const target = await namespace.target(name);
    return target.status.observedGeneration === target.metadata.generation ? target : undefined;
  });

async function look(
  name: string,
  change: Partial<RecoveryTargetManifest['spec']> = {},
): Promise<RecoveryTarget> {
  await namespace.apply(installation.target(name, change));
  return checked(name);
}

describe('a RecoveryTarget', () => {
  test('is Ready when Redis, storage and the roots are usable, and says what it found', async () => {
    const { status } = await look('healthy');
    expect(conditionOf({ status }, 'Ready')).toMatchObject({ status: 'True', reason: 'Validated' });
    expect(conditionOf({ status }, 'TrustRootLoaded')).toMatchObject({ status: 'True', reason: 'Pinned' });
    expect(status.redis).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+/), role: 'master' });
    expect(status.redis?.warnings?.map(({ code }) => code)).toContain('RedisNotPersistent');
    const { admin } = installation.app('simple');
    expect(status).toMatchObject({
      appCount: 2,
      apps: ['deleg', 'simple']
        .map((name) => ({
          adminName: admin,
          appName: installation.app(name === 'deleg' ? 'deleg' : 'simple').app,
        }))
        .map((app) => expect.objectContaining({ ...app, rootVersion: expect.any(Number) })),
    });
    await namespace.kubectl('wait', '--for=condition=Ready', '--timeout=300s', 'rt/healthy');
    expect(await namespace.kubectl('get', 'rt', 'healthy', '--no-headers')).toMatch(
      /True\s+Validated\s+ReadWrite\s+2/,
    );
  });

  test('trusting the first use is said plainly', async () => {
    const { status } = await look('first-use', { trust: { onFirstUse: true } });
    expect(conditionOf({ status }, 'TrustRootLoaded')).toMatchObject({
      status: 'True',
      reason: 'TrustedOnFirstUse',
    });
  });

  test('a pinned root in a ConfigMap is read, and what is no root is refused', async () => {
    const root = installation.app('simple').objects.find(({ name }) => name === '1.root.json');
    await namespace.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'roots' },
      data: {
        'root.json': Buffer.from(root?.body ?? '').toString('utf8'),
        'page.html': '<html>',
        'list.json': '[]',
      },
    });
    const pinned = (key?: string) => ({
      trust: { rootConfigMapRef: { name: 'roots', ...(key && { key }) } },
    });
    expect(conditionOf(await look('pinned', pinned()), 'TrustRootLoaded')?.reason).toBe('Pinned');
    for (const key of ['page.html', 'list.json']) {
      const target = await look(`pinned-${key.split('.')[0]}`, pinned(key));
      expect(conditionOf(target, 'Ready')).toMatchObject({
        status: 'False',
        reason: 'InvalidReference',
        message: expect.stringContaining('does not hold root metadata'),
      });
    }
    const app = installation.app('simple');
    await namespace.start('with-configmap', {
      targetRef: { name: 'pinned' },
      adminName: app.admin,
      appName: app.app,
    });
    expect((await namespace.ended('with-configmap')).succeeded.reason).toBe('Recovered');
  });

  test('what is wrong with one part says nothing about the others', async () => {
    const { redis, storage } = installation.target().spec;
    const away = await look('redis-away', { redis: { ...redis, address: `127.0.0.1:${await freePort()}` } });
    expect(conditionOf(away, 'RedisReachable')).toMatchObject({
      status: 'False',
      reason: 'RedisUnreachable',
    });
    expect(conditionOf(away, 'StorageReachable')?.status).toBe('True');
    expect(conditionOf(away, 'Ready')).toMatchObject({ status: 'False', reason: 'RedisUnreachable' });

    await namespace.apply(secret('redis-wrong', { password: 'wrong' }));
    const refused = await look('redis-refused', {
      redis: { ...redis, passwordSecretRef: { name: 'redis-wrong' } },
    });
    expect(conditionOf(refused, 'RedisReachable')?.reason).toBe('RedisAccessDenied');

    const bucket = await look('no-bucket', { storage: { ...storage, bucket: 'no-such-bucket' } });
    expect(conditionOf(bucket, 'StorageReachable')?.reason).toBe('SourceNotFound');
    expect(conditionOf(bucket, 'RedisReachable')?.status).toBe('True');

    const secretless = await look('no-secret', {
      storage: { ...storage, credentialsSecretRef: { name: 'nowhere' } },
    });
    expect(conditionOf(secretless, 'StorageReachable')).toMatchObject({
      reason: 'ReferenceNotFound',
      message: expect.stringMatching(/Secret .*nowhere does not exist/),
    });
  });

  test('a replica is refused for recoveries and good for looking', async () => {
    await using replica = await startRedis({
      replicaOf: {
        host: installation.redis.host,
        port: installation.redis.port,
        password: 'redis-test-password-77',
      },
    });
    const redis = { address: `${replica.host}:${replica.port}` };
    expect(conditionOf(await look('replica', { redis }), 'Ready')).toMatchObject({
      status: 'False',
      reason: 'RedisReadOnly',
    });
    const looking = await look('replica-to-look', { redis, accessMode: 'ReadOnly' });
    expect(conditionOf(looking, 'Ready')?.status).toBe('True');
  });

  test('TLS with an own authority, a client certificate and an ACL user', async () => {
    await using authority = await createAuthority();
    await using redis = await startRedis({
      tls: { authority, clientCertificates: true },
      users: ['user recovery on >acl-password ~* +@all'],
    });
    const { certificate } = redis;
    if (certificate === undefined) {
      throw new Error('a Redis with TLS has a certificate');
    }
    await namespace.apply(
      secret('redis-ca', { 'ca.crt': authority.certificate }),
      secret('redis-client', { 'tls.crt': certificate.certificate, 'tls.key': certificate.key }),
      secret('redis-user', { password: 'acl-password\n' }),
    );
    const target = await look('tls', {
      redis: {
        address: `${redis.host}:${redis.port}`,
        username: 'recovery',
        passwordSecretRef: { name: 'redis-user' },
        tls: { caSecretRef: { name: 'redis-ca' }, certSecretRef: { name: 'redis-client' } },
      },
    });
    expect(conditionOf(target, 'RedisReachable')).toMatchObject({ status: 'True' });
  });

  test('a permission that a recovery lacks is named before one needs it', async () => {
    const rights = 'user recovery on >acl-password ~* +@all';
    await using lacking = await startRedis({ users: [`${rights} -mset -pexpire`] });
    await using complete = await startRedis({ users: [rights] });
    await namespace.apply(secret('lacking-user', { password: 'acl-password' }));
    const redisOf = ({ host, port }: RedisServer) => ({
      redis: {
        address: `${host}:${port}`,
        username: 'recovery',
        passwordSecretRef: { name: 'lacking-user' },
      },
    });
    const { status } = await look('lacking', redisOf(lacking));
    expect(status.redis?.refusedCommands).toEqual(['MSET', 'PEXPIRE']);
    // To the hour: seconds would be those of a slow machine.
    const skewHours = Math.round((status.redis?.clockSkewSeconds ?? Number.NaN) / 3_600);
    expect(skewHours).toBe(Math.round(clockAheadMs() / 3_600_000));
    expect(status.redis?.warnings).toContainEqual({
      code: 'RedisPermissionMissing',
      detail: expect.stringMatching(/MSET, PEXPIRE.*Grant/),
    });
    const allowed = await look('complete', redisOf(complete));
    expect(allowed.status.redis?.refusedCommands).toEqual([]);
    const reader = await look('reader', { ...redisOf(lacking), accessMode: 'ReadOnly' });
    expect(reader.status.redis).not.toHaveProperty('refusedCommands');
  });

  test('a rotated Secret counts from the next look on, without a restart', async () => {
    const { redis } = installation.target().spec;
    await namespace.apply(secret('rotating', { password: 'old' }));
    const spec = {
      redis: { ...redis, passwordSecretRef: { name: 'rotating' } },
      validationIntervalSeconds: 10,
    };
    expect(conditionOf(await look('rotating', spec), 'Ready')?.status).toBe('False');
    await namespace.apply(secret('rotating', { password: 'redis-test-password-77' }));
    await namespace.kubectl('wait', '--for=condition=Ready', '--timeout=300s', 'rt/rotating');
  });

  test('a suspended target is not checked and starts no runs, until it is released', async () => {
    await look('resting', { suspend: true });
    expect(conditionOf(await namespace.target('resting'), 'Ready')).toMatchObject({
      status: 'True',
      reason: 'Suspended',
    });
    const app = installation.app('deleg');
    await namespace.start('resting', {
      targetRef: { name: 'resting' },
      adminName: app.admin,
      appName: app.app,
    });
    await namespace.reason('resting', 'WaitingForTarget');
    await namespace.kubectl('patch', 'rt', 'resting', '--type=merge', '--patch={"spec":{"suspend":false}}');
    expect((await namespace.ended('resting')).succeeded.reason).toBe('Recovered');
  });

  test('a reader who may list only one app of the bucket can still recover that app', async () => {
    const app = installation.app('simple');
    const reader = await createReader(installation.s3, installation.bucket, app.prefix);
    await namespace.apply(
      secret('reader', {
        AWS_ACCESS_KEY_ID: reader.accessKeyId,
        AWS_SECRET_ACCESS_KEY: reader.secretAccessKey,
      }),
    );
    const { storage } = installation.target().spec;
    const target = await look('reader', {
      storage: { ...storage, credentialsSecretRef: { name: 'reader' } },
    });
    expect(conditionOf(target, 'StorageReachable')?.reason).toBe('SourceAccessDenied');
    await namespace.start('reader', {
      targetRef: { name: 'reader' },
      adminName: app.admin,
      appName: app.app,
    });
    expect((await namespace.ended('reader')).succeeded.status).toBe('True');
  });

  test('its state is a metric until it is deleted', async () => {
    expect(await controller.metrics()).toContain(
      `bootstrap_recovery_target_ready{namespace="${namespace.name}",target="healthy"} 1`,
    );
    await namespace.kubectl('delete', 'rt', 'healthy');
    await poll('the series to end', async () => !(await controller.metrics()).includes('target="healthy"'));
  });
});

describe('a target that does not answer', () => {
  test('a store that hangs is a verdict, also when it was fine before, and says nothing about Redis', async () => {
    await using proxied = await startFaultProxy({ port: installation.s3.port });
    const { storage } = installation.target().spec;
    const endpoint = `http://${proxied.host}:${proxied.port}`;
    const before = await look('hangs', { storage: { ...storage, endpoint } });
    expect(conditionOf(before, 'Ready')?.status).toBe('True');
    await proxied.inject({ kind: 'blackHole' });
    await namespace.kubectl(
      'patch',
      'rt',
      'hangs',
      '--type=merge',
      '--patch={"spec":{"accessMode":"ReadOnly"}}',
    );
    const after = await checked('hangs');
    expect(conditionOf(after, 'StorageReachable')).toMatchObject({
      status: 'False',
      reason: 'SourceUnavailable',
      message: expect.stringContaining('did not answer within 10 s'),
    });
    expect(conditionOf(after, 'RedisReachable')?.status).toBe('True');
  });

  test('a hundred admins behind a slow store are all listed, and the state of Redis is reported meanwhile', async () => {
    const { s3, bucket } = installation;
    const body = installation.app('simple').objects.find(({ name }) => name === '1.root.json')?.body ?? '';
    await s3.put(
      bucket,
      Array.from({ length: 100 }, (_, index) => ({
        name: '1.root.json',
        key: `many/admin-${String(index).padStart(3, '0')}/app/1.root.json`,
        body,
      })),
    );
    await using proxied = await startFaultProxy({ port: s3.port });
    await proxied.inject({ kind: 'delay', ms: 400 });
    const { storage } = installation.target().spec;
    const endpoint = `http://${proxied.host}:${proxied.port}`;
    const { status } = await look('many', {
      storage: { ...storage, endpoint, prefix: 'many' },
      trust: { onFirstUse: true },
    });
    expect(conditionOf({ status }, 'RedisReachable')?.status).toBe('True');
    const listed = await poll('all admins to be listed', async () => {
      const target = await namespace.target('many');
      return target.status.appCount === 100 ? target : undefined;
    });
    expect(new Set(listed.status.apps?.map(({ adminName }) => adminName)).size).toBe(100);
  });

  test('a pin that no root in the bucket has makes the target unready, and names the app', async () => {
    const app = installation.app('simple');
    const { status } = await look('wrong-pin', {
      trust: { apps: [{ adminName: app.admin, appName: app.app, rootSHA256: 'f'.repeat(64) }] },
    });
    expect(conditionOf({ status }, 'Ready')).toMatchObject({ status: 'False', reason: 'PinNotInBucket' });
    expect(conditionOf({ status }, 'Ready')?.message).toContain(app.app);
  });
});

describe('a target that would use the controller against others', () => {
  const server = async () =>
    new URL((await namespace.cluster.kubeConfig()).getCurrentCluster()?.server ?? '');
  const { storage } = { storage: { bucket: 'b', credentialsSecretRef: { name: 's3' } } };

  test.each([
    ['the metadata service', 'http://169.254.169.254'],
    ['the metadata service, written as a number', 'http://2852039166'],
    ['the metadata service, over IPv6', 'http://[fd00:ec2::254]'],
    ['a link-local address, mapped into IPv6', 'http://[::ffff:169.254.1.1]:9000'],
  ])('%s is refused as an endpoint', async (name, endpoint) => {
    const { status } = await look(name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'), {
      storage: { ...storage, endpoint },
    });
    expect(conditionOf({ status }, 'StorageReachable')).toMatchObject({
      status: 'False',
      reason: 'InvalidReference',
      message: expect.stringContaining('link-local or metadata address'),
    });
  });

  test('the API server is refused as a Redis', async () => {
    const { hostname, port } = await server();
    const { status } = await look('api-server', { redis: { address: `${hostname}:${port}` } });
    expect(conditionOf({ status }, 'RedisReachable')).toMatchObject({
      status: 'False',
      reason: 'InvalidReference',
      message: expect.stringContaining('is the API server'),
    });
  });

  test("the controller's own identity is not for namespaces that the installation does not name", async () => {
    const { status } = await look('ambient', { storage: { bucket: 'b', ambient: true } });
    expect(conditionOf({ status }, 'StorageReachable')).toMatchObject({
      status: 'False',
      reason: 'InvalidReference',
      message: expect.stringContaining("may not use the controller's own identity"),
    });
  });
});
