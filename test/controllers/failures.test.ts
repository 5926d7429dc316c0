import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecoveryTargetManifest } from '../../src/api/recoverytarget.generated.ts';
import { freePort } from '../harness/free-port.ts';
import { createReader } from '../harness/s3-reader.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, redisPassword, secret, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

const wrongPassword = 'wrong-password-4711';
const wrongSecretKey = 'wrong-secret-key-4711';

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple']);
  await namespace.apply(...installation.secrets);
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

type TargetSpec = RecoveryTargetManifest['spec'];

/** What is wrong, in which part of the target, and the message for the person. */
interface Mistake {
  readonly name: string;
  readonly change: (spec: TargetSpec) => Promise<Partial<TargetSpec>> | Partial<TargetSpec>;
  readonly reason: string;
  readonly says: RegExp;
  readonly app?: { readonly adminName: string; readonly appName: string };
}

const mistakes: readonly Mistake[] = [
  {
    name: 'no root for this app',
    change: () => ({ trust: { apps: [{ adminName: 'a', appName: 'b', rootSHA256: '0'.repeat(64) }] } }),
    reason: 'InvalidReference',
    says: /trusts no root for app .* Add the app under spec\.trust\.apps/,
  },
  {
    name: 'wrong S3 secret key',
    change: ({ storage }) => ({ storage: { ...storage, credentialsSecretRef: { name: 's3-wrong' } } }),
    reason: 'SourceAccessDenied',
    says: /credentials|access key|signature/i,
  },
  {
    name: 'S3 credentials without the permission to read',
    change: ({ storage }) => ({ storage: { ...storage, credentialsSecretRef: { name: 's3-stranger' } } }),
    reason: 'SourceAccessDenied',
    says: /s3:ListBucket|s3:GetObject/,
  },
  {
    name: 'unknown bucket',
    change: ({ storage }) => ({ storage: { ...storage, bucket: 'no-such-bucket' } }),
    reason: 'SourceNotFound',
    says: /no-such-bucket/,
  },
  {
    name: 'Redis down',
    change: async ({ redis }) => ({ redis: { ...redis, address: `127.0.0.1:${await freePort()}` } }),
    reason: 'BackoffLimitExceeded',
    says: /Redis at 127\.0\.0\.1/,
  },
  {
    name: 'wrong Redis password',
    change: ({ redis }) => ({ redis: { ...redis, passwordSecretRef: { name: 'redis-wrong' } } }),
    reason: 'RedisWrongPassword',
    says: /password/,
  },
  {
    name: 'no Redis password',
    change: ({ redis: { address } }) => ({ redis: { address: address ?? '' } }),
    reason: 'RedisAuthRequired',
    says: /password/,
  },
  {
    name: 'wrong pinned root',
    change: () => ({ trust: { rootSHA256: 'f'.repeat(64) } }),
    reason: 'TrustVerificationFailed',
    says: /root/,
  },
  {
    name: 'unknown app',
    change: () => ({ trust: { onFirstUse: true } }),
    reason: 'SourceNotBootstrapped',
    says: /No persisted root metadata found/,
    app: { adminName: 'nobody', appName: 'nothing' },
  },
  {
    name: 'a target that is read-only',
    change: () => ({ accessMode: 'ReadOnly' }),
    reason: 'Denied',
    says: /Use mode: Verify, or set its accessMode to ReadWrite/,
  },
];

describe('what the status says when something is wrong', () => {
  beforeAll(async () => {
    const { s3, bucket } = installation;
    const stranger = await createReader(s3, bucket, 'elsewhere/');
    await namespace.apply(
      secret('redis-wrong', { password: wrongPassword }),
      secret('s3-wrong', {
        AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: wrongSecretKey,
      }),
      secret('s3-stranger', {
        AWS_ACCESS_KEY_ID: stranger.accessKeyId,
        AWS_SECRET_ACCESS_KEY: stranger.secretAccessKey,
      }),
    );
  });

  test.each(mistakes)('$name: $reason, with what to do, and Redis untouched', async (mistake) => {
    const name = mistake.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    const { spec } = installation.target();
    await namespace.apply(installation.target(name, await mistake.change(spec)));
    const app = installation.app('simple');
    await namespace.start(name, {
      targetRef: { name },
      ...(mistake.app ?? { adminName: app.admin, appName: app.app }),
      backoffLimit: 1,
    });

    const { run, succeeded } = await namespace.ended(name);
    expect(succeeded, JSON.stringify(run.status)).toMatchObject({ status: 'False', reason: mistake.reason });
    expect(succeeded.message).toMatch(mistake.says);
    expect(conditionOf(run, 'Stalled')).toMatchObject({ status: 'True', reason: mistake.reason });
    expect(conditionOf(run, 'Ready')?.status).toBe('False');
    expect(run.metadata.finalizers ?? []).toEqual([]);
    expect(await (await installation.redis.client()).dbsize()).toBe(0);
  });

  const references: readonly {
    readonly name: string;
    readonly change: (spec: TargetSpec) => Partial<TargetSpec>;
    readonly says: RegExp;
    /** What comes later. */
    readonly later: () => object;
  }[] = [
    {
      name: 'secret',
      change: ({ redis }) => ({ redis: { ...redis, passwordSecretRef: { name: 'late' } } }),
      says: /Secret .*\/late does not exist\. Create it/,
      later: () => secret('late', { password: redisPassword }),
    },
    {
      name: 'key',
      change: ({ redis }) => ({ redis: { ...redis, passwordSecretRef: { name: 'redis', key: 'pass' } } }),
      says: /has no key pass; it has password\. Add it/,
      later: () => secret('redis', { password: redisPassword, pass: redisPassword }),
    },
    {
      name: 'configmap',
      change: () => ({ trust: { rootConfigMapRef: { name: 'roots' } } }),
      says: /ConfigMap .*\/roots does not exist\. Create it/,
      later: () => {
        const root = installation.app('simple').objects.find(({ name }) => name === '1.root.json');
        const text = Buffer.from(root?.body ?? '').toString('utf8');
        return {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'roots' },
          data: { 'root.json': text },
        };
      },
    },
  ];

  test.each(references)(
    'a missing $name is waited for, by name, and the run continues when it is there',
    async (reference) => {
      const { name, change, says, later } = reference;
      const app = installation.app('simple');
      await namespace.apply(installation.target(`late-${name}`, change(installation.target().spec)));
      const run = { targetRef: { name: `late-${name}` }, adminName: app.admin, appName: app.app };
      await namespace.start(`late-${name}`, run);
      const waiting = await namespace.reason(`late-${name}`, 'WaitingForTarget');
      expect(conditionOf(waiting, 'Succeeded')?.message).toMatch(says);
      expect(waiting.status).toMatchObject({ deadline: expect.any(String) });
      expect(waiting.status.startTime).toBeUndefined();

      await namespace.apply(later());
      expect((await namespace.ended(`late-${name}`)).succeeded).toMatchObject({ reason: 'Recovered' });
      await (await installation.redis.client()).flushall();
    },
  );

  test('a Secret that never comes is waited for until the deadline, and no longer', async () => {
    const app = installation.app('simple');
    const { redis } = installation.target().spec;
    const target = installation.target('never', {
      redis: { ...redis, passwordSecretRef: { name: 'never' } },
    });
    await namespace.apply(target);
    await namespace.start('never', {
      targetRef: { name: 'never' },
      adminName: app.admin,
      appName: app.app,
      timeoutSeconds: 1,
    });
    const { succeeded } = await namespace.ended('never');
    expect(succeeded.reason).toBe('DeadlineExceeded');
    expect(succeeded.message).toMatch(/WaitingForTarget: Secret .*\/never does not exist\. Create it/);
  });

  test('an unknown target is waited for, by name, and the run starts when it appears', async () => {
    const app = installation.app('simple');
    await namespace.start('early', { targetRef: { name: 'late' }, adminName: app.admin, appName: app.app });
    const waiting = await namespace.reason('early', 'WaitingForTarget');
    expect(conditionOf(waiting, 'Succeeded')?.message).toContain(
      `RecoveryTarget ${namespace.name}/late does not exist. Create it`,
    );
    expect(waiting.status.startTime).toBeUndefined();

    await namespace.apply(installation.target('late'));
    expect((await namespace.ended('early')).succeeded).toMatchObject({ reason: 'Recovered' });
    await (await installation.redis.client()).flushall();
  });

  test('an invalid manifest is refused with words, before anything runs', async () => {
    await expect(namespace.start('invalid', { adminName: 'alice', appName: 'has space' })).rejects.toThrow(
      /spec\.appName.*should match/s,
    );
  });

  test('no secret is in any object, event or log line', async () => {
    const { s3 } = installation;
    const objects = await namespace.kubectl('get', 'bsr,rt,events,configmaps', '--output=yaml');
    const log = await controller.process.log();
    expect(objects).toContain('RedisWrongPassword');
    for (const text of [redisPassword, wrongPassword, wrongSecretKey, s3.credentials.secretAccessKey]) {
      expect(objects).not.toContain(text);
      expect(log).not.toContain(text);
    }
  });
});
