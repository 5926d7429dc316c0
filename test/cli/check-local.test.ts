import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CheckItem, checkReport } from '../../src/cli/check/check-report.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { runCLI, runJSON } from './run-cli.ts';

const BUCKET = 'metadata';

let files: TemporaryDirectory;
let server: RedisServer;
let redis: Redis;
let s3: S3Server;
let app: GoldenApp;
let pin: string;

beforeAll(async () => {
  files = await temporaryDirectory('check');
  server = await startRedis({
    config: [['appendonly', 'yes']],
    users: [
      'user reader on >secret ~* &* -@all +eval_ro +mget +get +type +pttl +info +select',
      'user blind on >secret ~other:* &* -@all +info +select +eval_ro +mget',
    ],
  });
  redis = await server.client();
  s3 = await startS3({ buckets: [BUCKET] });
  app = await goldenApp('deleg');
  await app.writeTo(join(files.path, 'deleg'));
  await app.putInto(s3, BUCKET);
  const root = app.objects.find(({ name }) => name === '1.root.json')?.body ?? '';
  pin = createHash('sha256').update(root).digest('hex');
});

afterAll(async () => {
  await server?.stop();
  await s3?.stop();
  await files?.[Symbol.asyncDispose]();
});

/** The checklist by name, as `-o json` prints it: whatever it says, it is of the documented form. */
async function check(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; items: ReadonlyMap<string, CheckItem> }> {
  const reference = ['--reference-time', app.newest.toISOString()];
  const { code, json } = await runJSON(['check', `${app.admin}/${app.app}`, ...reference, ...args], { env });
  const { items, passed } = checkReport.parse(json);
  expect(passed).toBe(code === 0);
  return { code, items: new Map(items.map((item) => [item.name, item])) };
}

function here(): string[] {
  return ['--storage', join(files.path, 'deleg'), '--root-sha256', pin];
}

function as(user: string): string {
  return `${server.url.replace('redis://', `redis://${user}:secret@`)}/0`;
}

test('with everything in place every check runs and passes', async () => {
  const s3Environment = {
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_ACCESS_KEY: s3.credentials.accessKeyId,
    S3_SECRET_KEY: s3.credentials.secretAccessKey,
    S3_BUCKET_NAME: BUCKET,
  };
  await redis.mset(Object.fromEntries(app.settings));
  const { code, items } = await check(
    ['--local', '--redis', server.url, '--root-sha256', pin],
    s3Environment,
  );
  expect([...items.values()].filter(({ result }) => result !== 'ok')).toEqual([]);
  expect([...items.keys()]).toEqual([
    'Bucket list',
    'Bucket read',
    'Trust',
    'Expiry',
    'Redis',
    'Redis role',
    'Redis persistence',
    'Redis eviction',
    'Clock',
    'Settings',
    'Redis permissions',
    'Change reports',
  ]);
  expect(code).toBe(0);
});

test('a user that may only read fails the check, by the commands that are refused', async () => {
  const { code, items } = await check([...here(), '--redis', as('reader')]);
  expect(code).toBe(1);
  expect(items.get('Redis permissions')).toMatchObject({
    result: 'failed',
    message: expect.stringContaining('refuses MSET, SET, PERSIST, DEL, PEXPIRE'),
    fix: expect.stringContaining('redis-acl.md'),
  });
  expect(items.get('Change reports')).toMatchObject({ result: 'warning' });
});

test('a user that may not even read the keys fails the check', async () => {
  const { items } = await check([...here(), '--redis', as('blind')]);
  expect(items.get('Settings')).toMatchObject({ result: 'failed' });
  expect(items.get('Redis permissions')).toMatchObject({ result: 'failed' });
});

test('a Redis that evicts and keeps nothing is pointed out, and passes', async () => {
  await using risky = await startRedis({
    config: [
      ['maxmemory', '100mb'],
      ['maxmemory-policy', 'allkeys-lru'],
    ],
  });
  const { code, items } = await check([...here(), '--redis', risky.url]);
  expect(items.get('Redis eviction')).toMatchObject({
    result: 'warning',
    fix: expect.stringMatching(/^Use/),
  });
  expect(items.get('Redis persistence')).toMatchObject({ result: 'warning' });
  expect(items.get('Settings')).toMatchObject({ result: 'warning', fix: expect.stringContaining('plan') });
  expect(code).toBe(0);
});

test('a Redis that does not answer, and a wrong password that is not repeated', async () => {
  const gone = await check([...here(), '--redis', 'redis://127.0.0.1:1/0']);
  expect(gone.code).toBe(1);
  expect(gone.items.get('Redis')).toMatchObject({ result: 'failed' });
  const url = server.url.replace('redis://', 'redis://reader:canary-5ecret@');
  const wrong = await runCLI(['check', `${app.admin}/${app.app}`, ...here(), '--redis', url]);
  expect(wrong.code).toBe(1);
  expect(wrong.stdout + wrong.stderr).not.toContain('canary-5ecret');
});

test('a pin that is not in the bucket, and no pin at all', async () => {
  const storage = ['--storage', join(files.path, 'deleg'), '--redis', server.url];
  const wrong = await check([...storage, '--root-sha256', 'ab'.repeat(32)]);
  expect(wrong.items.get('Trust')).toMatchObject({ result: 'failed' });
  expect(wrong.code).toBe(1);
  const none = await check(storage);
  expect(none.items.get('Trust')).toMatchObject({ result: 'warning' });
  const firstUse = await check([...storage, '--trust-on-first-use']);
  expect(firstUse.items.get('Trust')).toMatchObject({
    result: 'warning',
    fix: expect.stringContaining('--root-sha256'),
  });
});

test('storage that holds no root, or is not there', async () => {
  await using empty = await temporaryDirectory('empty');
  const nothing = await check(['--storage', empty.path, '--redis', server.url]);
  expect(nothing.items.get('Bucket list')).toMatchObject({ result: 'failed' });
  const missing = await check(['--storage', '/nonexistent', '--redis', server.url]);
  expect(missing.items.get('Bucket list')).toMatchObject({
    result: 'failed',
    message: 'NotFound: /nonexistent does not exist.',
    fix: 'Check the path.',
  });
});

test('people see a mark, what was found and what to do, on one screen', async () => {
  const { stdout, code } = await runCLI([
    ...['check', `${app.admin}/${app.app}`, ...here(), '--redis', as('reader')],
    ...['--reference-time', app.newest.toISOString()],
  ]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^✓ Bucket list {2,}\S/m);
  expect(stdout).toMatch(/^✗ Redis permissions {2,}The ACL refuses/m);
  expect(stdout).toMatch(/^ +→ Grant what/m);
  expect(stdout).toMatch(/^\d+ passed, 1 failed, 1 to look at\.$/m);
  expect(stdout.split('\n').length).toBeLessThan(40);
});

test('without Kubernetes the app must be named', async () => {
  const { code, stderr } = await runCLI(['check', '--redis', server.url]);
  expect(code).toBe(64);
  expect(stderr).toContain('Name the app to check');
});
