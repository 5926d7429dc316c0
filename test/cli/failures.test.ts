import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CertificateAuthority, createAuthority } from '../harness/certificates.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { runCLI, runJSON } from './run-cli.ts';

const BUCKET = 'metadata';
/** Stands where a secret would; must never be seen again. */
const CANARY = 'canary-5ecret-p4ssw0rd';
const PASSWORD = 'canary-right-p4ssw0rd';

let files: TemporaryDirectory;
let authority: CertificateAuthority;
let plain: RedisServer;
let secured: RedisServer;
let overTLS: RedisServer;
let redis: Redis;
let s3: S3Server;
let app: GoldenApp;

beforeAll(async () => {
  files = await temporaryDirectory('failures');
  authority = await createAuthority();
  plain = await startRedis();
  secured = await startRedis({
    password: PASSWORD,
    users: [`user reader on >${CANARY} ~*_admin_deleg ~task:* %R~* +@all -set -eval -evalsha -script`],
  });
  overTLS = await startRedis({ password: PASSWORD, tls: { authority, clientCertificates: true } });
  redis = await plain.client();
  s3 = await startS3({ buckets: [BUCKET] });
  app = await goldenApp('deleg');
  await app.putInto(s3, BUCKET);
  await app.writeTo(join(files.path, 'deleg'));
});

afterAll(async () => {
  for (const server of [plain, secured, overTLS, s3]) {
    await server?.stop();
  }
  await authority?.[Symbol.asyncDispose]();
  await files?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await redis.flushall();
});

interface Failure {
  readonly what: string;
  /** Flags after `recover --admin admin --app deleg`; later ones win over the defaults. */
  readonly args?: () => string[];
  readonly env?: () => Record<string, string>;
  readonly reason: string;
  readonly message: RegExp;
}

/** What every case starts from: all that is needed for a success. */
function defaults(): { args: string[]; env: Record<string, string> } {
  return {
    args: [
      ...['--admin', 'admin', '--app', 'deleg', '--storage', `s3://${BUCKET}`, '--redis', plain.url],
      ...['--trust-on-first-use', '--reference-time', app.newest.toISOString(), '--backoff-limit', '0'],
    ],
    env: {
      S3_ACCESS_KEY: s3.credentials.accessKeyId,
      S3_SECRET_KEY: s3.credentials.secretAccessKey,
      S3_ENDPOINT: s3.endpoint,
      S3_REGION: s3.region,
    },
  };
}

const failures: readonly Failure[] = [
  {
    what: 'a wrong S3 secret key',
    env: () => ({ S3_SECRET_KEY: CANARY }),
    reason: 'SourceAccessDenied',
    message: /secret access key .* does not belong to its access key ID\. Check the secret/,
  },
  {
    what: 'an unknown S3 access key',
    env: () => ({ S3_ACCESS_KEY: 'nobody', S3_SECRET_KEY: CANARY }),
    reason: 'SourceAccessDenied',
    message: /does not know the access key .* Check the access key ID/,
  },
  {
    what: 'an unknown bucket',
    args: () => ['--storage', 's3://no-such-bucket'],
    reason: 'SourceNotFound',
    message: /Bucket no-such-bucket does not exist .* Check the bucket's name/,
  },
  {
    what: 'a directory that does not exist',
    args: () => ['--storage', join(files.path, 'nowhere')],
    reason: 'SourceNotFound',
    message: /does not exist/,
  },
  {
    what: 'an app that was never bootstrapped',
    args: () => ['--app', 'unknown'],
    reason: 'SourceNotBootstrapped',
    message: /No persisted root metadata found.*This admin has the apps "deleg"\./,
  },
  {
    what: 'an admin spelled with a capital',
    args: () => ['--admin', 'Admin'],
    reason: 'SourceNotBootstrapped',
    message: /No persisted root metadata found.*there are "admin"\. Names differ by case/,
  },
  {
    what: 'an unknown admin',
    args: () => ['--admin', 'nobody'],
    reason: 'SourceNotBootstrapped',
    message: /No persisted root metadata found.*there are "admin"/,
  },
  {
    what: 'a pinned root that is another one',
    args: () => ['--root-sha256', '0'.repeat(64)],
    reason: 'TrustVerificationFailed',
    message: /root/,
  },
  {
    what: 'metadata that expired too long ago to be the live one',
    args: () => ['--reference-time', '2030-01-01T00:00:00Z'],
    reason: 'TrustVerificationFailed',
    message: /expired .* live one/,
  },
  {
    what: 'Redis that is down',
    args: () => ['--redis', `redis://:${CANARY}@127.0.0.1:1`],
    reason: 'BackoffLimitExceeded',
    message: /Redis at 127\.0\.0\.1:1 .*/,
  },
  {
    what: 'S3 that is down',
    env: () => ({ S3_ENDPOINT: 'http://127.0.0.1:1' }),
    reason: 'BackoffLimitExceeded',
    message: /http:\/\/127\.0\.0\.1:1 .* could not be reached/,
  },
  {
    what: 'a wrong Redis password in the URL',
    args: () => ['--redis', `redis://:${CANARY}@127.0.0.1:${secured.port}`],
    reason: 'RedisWrongPassword',
    message: /password/i,
  },
  {
    what: 'a wrong Redis password in the environment',
    args: () => ['--redis', `redis://127.0.0.1:${secured.port}`],
    env: () => ({ REDIS_PASSWORD: CANARY }),
    reason: 'RedisWrongPassword',
    message: /password/i,
  },
  {
    what: 'no Redis password where one is needed',
    args: () => ['--redis', `redis://127.0.0.1:${secured.port}`],
    reason: 'RedisAuthRequired',
    message: /password/i,
  },
  {
    what: 'a Redis user who may not write',
    args: () => ['--redis', `redis://reader:${CANARY}@127.0.0.1:${secured.port}`],
    reason: 'RedisAccessDenied',
    message: /ACL|permission/i,
  },
  {
    what: 'a Redis certificate of an unknown authority',
    args: () => ['--redis', `rediss://:${PASSWORD}@127.0.0.1:${overTLS.port}`],
    reason: 'RedisTLSFailed',
    message: /certificate/i,
  },
];

function commandOf(
  { args, env }: Failure,
  command: 'plan' | 'recover',
): [string[], { env: Record<string, string> }] {
  const start = defaults();
  const given = args?.() ?? [];
  // Commander takes the last of a repeated flag; flags that exclude each other must not both be there.
  const base = given.includes('--root-sha256')
    ? start.args.filter((arg) => arg !== '--trust-on-first-use')
    : start.args;
  return [[command, ...base, ...given], { env: { ...start.env, ...env?.() } }];
}

test.each(failures)(
  '$what fails with its own reason and what to do, and changes nothing',
  async (failure) => {
    const [recover, plan] = [commandOf(failure, 'recover'), commandOf(failure, 'plan')];
    const [machine, human] = await Promise.all([runJSON(...recover), runCLI(...plan)]);
    expect(machine.json).toMatchObject({ outcome: 'Failed', reason: failure.reason });
    expect(machine.json['message']).toMatch(failure.message);
    expect(machine.code).toBe(1);
    // A plan never writes, so a user who may not write can make one.
    if (failure.reason !== 'RedisAccessDenied') {
      expect(human.stdout.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^✗ ${failure.reason}  `));
      expect(human.code).toBe(1);
    }
    for (const { stdout, stderr } of [machine, human]) {
      expect(stdout + stderr).not.toMatch(/canary|internal error| at .*\.ts:/);
    }
    expect(await redis.dbsize()).toBe(0);
  },
);

test('a Redis that comes back in time is recovered by the same command', async () => {
  const late = await startRedis();
  const url = late.url;
  await late.process.stop();
  const start = defaults();
  const running = runJSON(
    ['recover', ...start.args, '--redis', url, '--backoff-limit', '10', '--timeout', '120'],
    start,
  );
  await late.restart();
  expect(await running).toMatchObject({ code: 0, json: { outcome: 'Recovered' } });
  await late.stop();
});

test('Redis over TLS with a client certificate and a password from the environment is used', async () => {
  const { certificateFile, keyFile } = await authority.issue('client');
  const start = defaults();
  const { code, json, stdout, stderr } = await runJSON(
    [
      ...['recover', ...start.args, '--redis', `rediss://127.0.0.1:${overTLS.port}`],
      ...['--redis-ca', authority.certificateFile, '--redis-cert', certificateFile, '--redis-key', keyFile],
    ],
    { env: { ...start.env, REDIS_PASSWORD: PASSWORD } },
  );
  expect(json).toMatchObject({ outcome: 'Recovered' });
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain(PASSWORD);
});

test("the server's own environment is enough", async () => {
  const start = defaults();
  const { code, json } = await runJSON(
    [
      ...['recover', '--admin', 'admin', '--app', 'deleg', '--trust-on-first-use'],
      ...['--reference-time', app.newest.toISOString()],
    ],
    {
      env: {
        ...start.env,
        S3_BUCKET_NAME: BUCKET,
        REDIS_HOST: plain.host,
        REDIS_PORT: `${plain.port}`,
        REDIS_DB: '3',
      },
    },
  );
  expect({ code, outcome: json['outcome'] }).toEqual({ code: 0, outcome: 'Recovered' });
  expect(await redis.dbsize()).toBe(0);
  await redis.select(3);
  expect(await app.differences(redis, String(json['taskID']))).toEqual([]);
  await redis.select(0);
});
