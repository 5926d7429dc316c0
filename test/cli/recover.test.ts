import { createHash, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GOLDEN_APPS, type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { userUnderDocumentedPolicy } from '../storage/documented-policy.ts';
import { runCLI, runJSON } from './run-cli.ts';

const BUCKET = 'metadata';
const DAY = 86_400_000;

let files: TemporaryDirectory;
let server: RedisServer;
let redis: Redis;
let s3: S3Server;
const apps = new Map<string, GoldenApp>();

beforeAll(async () => {
  files = await temporaryDirectory('recover');
  server = await startRedis();
  redis = await server.client();
  s3 = await startS3({ buckets: [BUCKET] });
  for (const name of GOLDEN_APPS) {
    const app = await goldenApp(name);
    apps.set(name, app);
    await app.writeTo(join(files.path, name));
    await app.putInto(s3, BUCKET);
  }
});

afterAll(async () => {
  await server?.stop();
  await s3?.stop();
  await files?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await redis.flushall();
});

function golden(name: string): GoldenApp {
  const app = apps.get(name);
  if (app === undefined) {
    throw new Error(`The recording has no app ${name}.`);
  }
  return app;
}

/** The flags that name an app and its pinned root; the reference time is `later` after the recording. */
function appFlags(name: string, later = 0): string[] {
  const app = golden(name);
  const root = app.objects.find((object) => object.name === '1.root.json')?.body ?? '';
  return [
    ...['--admin', app.admin, '--app', app.app],
    ...['--root-sha256', createHash('sha256').update(root).digest('hex')],
    ...['--reference-time', new Date(app.newest.getTime() + later).toISOString()],
  ];
}

/** The same with storage and Redis: all that a run needs. */
function flags(name: string, storage: string, later = 0): string[] {
  return [...appFlags(name, later), '--storage', storage, '--redis', server.url];
}

function s3Environment(): Record<string, string> {
  return {
    S3_ACCESS_KEY: s3.credentials.accessKeyId,
    S3_SECRET_KEY: s3.credentials.secretAccessKey,
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_BUCKET_NAME: BUCKET,
  };
}

/** How many changes this Redis has seen: grows with every write of every client. */
async function changes(): Promise<number> {
  return Number(/rdb_changes_since_last_save:(\d+)/.exec(await redis.info('persistence'))?.[1]);
}

describe('an app that is not there is refused beside those that are', () => {
  const misspelt = (storage: string): string[] => [
    ...['plan', '--admin', 'absent', '--app', 'nothing', '--trust-on-first-use'],
    ...['--storage', storage, '--redis', server.url],
  ];
  const known = (): string => {
    const { admin, app } = golden('simple');
    return `${admin}/${app}`;
  };

  test('in a bucket', async () => {
    const { code, stderr } = await runCLI(misspelt(`s3://${BUCKET}`), { env: s3Environment() });
    expect(code).toBe(1);
    expect(stderr).toContain('Known are: ');
    expect(stderr).toContain(known());
  });

  test('in a directory', async () => {
    await using copy = await temporaryDirectory('copy');
    await golden('simple').writeTo(join(copy.path, golden('simple').prefix));
    for (const storage of [copy.path, join(copy.path, 'tuf_metadata')]) {
      const { code, stderr } = await runCLI(misspelt(storage));
      expect(code).toBe(1);
      expect(stderr).toContain(`Known are: ${known()}. Upper and lower case count.`);
      const checked = await runCLI(['check', 'absent/nothing', '--storage', storage, '--redis', server.url]);
      expect(checked.stderr).toContain(`absent/nothing is not in the storage. Known are: ${known()}.`);
    }
  });

  test('and a directory that is one repository names none', async () => {
    const { code, stderr } = await runCLI(misspelt(files.path));
    expect(code).toBe(1);
    expect(stderr).not.toContain('Known are');
  });
});

describe.each(GOLDEN_APPS)('the recorded app %s comes back exactly', (name) => {
  test.each([
    ['at once', 0],
    ['1.5 days later', 1.5],
    ['2.5 days later', 2.5],
    ['20 days later', 20],
  ])('from a directory, %s', async (_when, days) => {
    const { code, json } = await runJSON(['recover', ...flags(name, join(files.path, name), days * DAY)]);
    expect(json).toMatchObject({ outcome: 'Recovered', reason: 'Recovered', state: 'FullLoss' });
    expect(code).toBe(0);
    expect(await golden(name).differences(redis, String(json['taskID']))).toEqual([]);
    // Nothing else: the settings and the record of the task.
    expect(await redis.dbsize()).toBe(golden(name).settings.size + 1);
    expect(await redis.exists(`task:${json['taskID']}`)).toBe(1);
  });

  test('from S3, and the second run finds nothing to do and writes nothing', async () => {
    const taskID = randomUUID();
    const command = ['recover', ...flags(name, `s3://${BUCKET}/${golden(name).prefix}`)];
    const first = await runJSON([...command, '--task-id', taskID], { env: s3Environment() });
    expect(first).toMatchObject({ code: 0, json: { outcome: 'Recovered', taskID } });
    expect(await golden(name).differences(redis, taskID)).toEqual([]);

    const before = await changes();
    const second = await runJSON(command, { env: s3Environment() });
    expect(second).toMatchObject({
      code: 0,
      json: { outcome: 'AlreadyConsistent', reason: 'AlreadyConsistent', state: 'Healthy' },
    });
    expect(await changes()).toBe(before);
    expect(await golden(name).differences(redis, taskID)).toEqual([]);
  });
});

describe('the storage may be named as', () => {
  test.each<[string, () => string[]]>([
    ['the bucket of the environment', () => []],
    ['the bucket', () => ['--storage', `s3://${BUCKET}`]],
    ['the prefix of all apps', () => ['--storage', `s3://${BUCKET}/tuf_metadata`]],
    ['the prefix of the app', () => ['--storage', `s3://${BUCKET}/tuf_metadata/admin/deleg/`]],
  ])('%s', async (_what, storage) => {
    const command = ['recover', ...appFlags('deleg'), '--redis', server.url, ...storage()];
    const { code, json } = await runJSON(command, { env: s3Environment() });
    expect({ code, outcome: json['outcome'] }).toEqual({ code: 0, outcome: 'Recovered' });
    expect(await golden('deleg').differences(redis, String(json['taskID']))).toEqual([]);
  });
});

describe('plan', () => {
  test('says with exit code 2 what recover would write, and writes nothing', async () => {
    const before = await changes();
    const { code, json } = await runJSON(['plan', ...flags('deleg', join(files.path, 'deleg'))]);
    expect(code).toBe(2);
    expect(json).toMatchObject({
      outcome: 'RecoveryNeeded',
      reason: 'DriftDetected',
      state: 'FullLoss',
      plan: { digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
      heads: { root: 1, delegated: { 'Beta-Channel': 1 } },
    });
    const { actions } = json['plan'] as { actions: Record<string, unknown>[] };
    expect(actions.map(({ key }) => key)).toEqual([...golden('deleg').settings.keys()].sort());
    expect(actions).toContainEqual({
      key: 'Beta-Channel_EXPIRATION_admin_deleg',
      kind: 'Create',
      before: null,
      after: '90',
      source: 'Inferred',
      confidence: expect.stringMatching(/^(high|medium)$/),
    });
    expect(await changes()).toBe(before);
    expect(await redis.dbsize()).toBe(0);
  });

  test('ends with 0 when nothing is lost', async () => {
    await golden('deleg').restoreTo(redis);
    const { code, json } = await runJSON(['plan', ...flags('deleg', join(files.path, 'deleg'))]);
    expect({ code, outcome: json['outcome'] }).toEqual({ code: 0, outcome: 'AlreadyConsistent' });
  });

  test('that was approved is applied by its digest, and no other is', async () => {
    const command = ['recover', ...flags('deleg', join(files.path, 'deleg')), '--task-id', randomUUID()];
    const refused = await runJSON([...command, '--approve', `sha256:${'0'.repeat(64)}`]);
    expect(refused).toMatchObject({ code: 1, json: { outcome: 'Failed', reason: 'AwaitingApproval' } });
    expect(await redis.dbsize()).toBe(0);
    const { digest } = refused.json['plan'] as { digest: string };
    const approved = await runJSON([...command, '--approve', digest]);
    expect(approved).toMatchObject({ code: 0, json: { outcome: 'Recovered', plan: { digest } } });
  });
});

describe('recover', () => {
  test('writes only what is lost and keeps what survived', async () => {
    const app = golden('config');
    await app.restoreTo(redis);
    await redis.set('TARGETS_EXPIRATION_admin_config', '77');
    await redis.del('SNAPSHOT_EXPIRATION_admin_config', 'default_EXPIRATION_admin_config');
    const { code, json } = await runJSON(['recover', ...flags('config', join(files.path, 'config'))]);
    expect({ code, state: json['state'], outcome: json['outcome'] }).toEqual({
      code: 0,
      state: 'PartialLoss',
      outcome: 'Recovered',
    });
    expect(await app.differences(redis)).toEqual([
      'TARGETS_EXPIRATION_admin_config: expected "120", found "77"',
    ]);
  });

  test('takes a lifetime that a person knows better', async () => {
    const { code } = await runJSON([
      ...['recover', ...flags('deleg', join(files.path, 'deleg'))],
      ...['--expiration', 'snapshot=21', '--expiration', 'Beta-Channel=45'],
    ]);
    expect(code).toBe(0);
    expect(
      await redis.mget('SNAPSHOT_EXPIRATION_admin_deleg', 'Beta-Channel_EXPIRATION_admin_deleg'),
    ).toEqual(['21', '45']);
  });

  test('a lifetime may have its unit, and one for a role that the app does not have is refused with the right name', async () => {
    const command = ['recover', ...flags('deleg', join(files.path, 'deleg'))];
    const before = await changes();
    const { code, json } = await runJSON([...command, '--expiration', 'beta-chanel=45d']);
    expect(code).toBe(1);
    expect(json['message']).toContain(
      '"beta-chanel", and the app has no such role. Did you mean Beta-Channel?',
    );
    expect(await changes()).toBe(before);
    const wrong = await runCLI([...command, '--expiration', 'snapshto=21']);
    expect(wrong.stdout + wrong.stderr).toContain('--expiration names the role "snapshto"');
    expect(wrong.stdout + wrong.stderr).toContain('Did you mean snapshot?');
    expect((await runJSON([...command, '--expiration', 'Beta-Channel=45d'])).code).toBe(0);
    expect(await redis.get('Beta-Channel_EXPIRATION_admin_deleg')).toBe('45');
  });

  test('shows people the state, the plan with sources, and the end', async () => {
    const { code, stdout, stderr } = await runCLI(['recover', ...flags('deleg', join(files.path, 'deleg'))]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^State +FullLoss$/m);
    expect(stdout).toMatch(/^ {2}\+ +SNAPSHOT_EXPIRATION_admin_deleg +absent +14 +Inferred +(high|medium)$/m);
    expect(stdout).toMatch(/^✓ Recovered {2}\S/m);
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toMatch(/^Trust … {2}\(\d+ s\)\nObserve … {2}\(\d+ s\)\nPlan … {2}\(\d+ s\)\n/);
  });

  test("finds the server's own lock, waits, and says so when the time is over", async () => {
    await redis.set('RECOVERY_LOCK_admin_deleg', 'another-owner', 'PX', 300_000);
    const { code, json } = await runJSON([
      'recover',
      ...flags('deleg', join(files.path, 'deleg')),
      '--lock-wait',
      '1',
    ]);
    expect(json).toMatchObject({ outcome: 'TimedOut', reason: 'DeadlineExceeded' });
    expect(json['message']).toContain('another-owner');
    expect(code).toBe(3);
    expect(await redis.keys('*')).toEqual(['RECOVERY_LOCK_admin_deleg']);
  });

  test('needs no more than the documented Redis user and S3 policy', async () => {
    const page = await readFile(new URL('../../docs/reference/redis-acl.md', import.meta.url), 'utf8');
    const acl = /```acl\n(user tuf-recovery .*)\n```/.exec(page)?.[1]?.replace('CHANGE-ME', 'secret');
    await using restricted = await startRedis({ users: [acl ?? 'The page holds no ACL.'] });
    const administrator = await restricted.client();
    const { accessKeyId, secretAccessKey } = await userUnderDocumentedPolicy(s3, BUCKET);
    const { code, json } = await runJSON(
      [
        ...['recover', ...appFlags('deleg')],
        ...['--redis', `redis://tuf-recovery@${restricted.host}:${restricted.port}/1`],
      ],
      {
        env: {
          ...s3Environment(),
          REDIS_PASSWORD: 'secret',
          S3_ACCESS_KEY: accessKeyId,
          S3_SECRET_KEY: secretAccessKey,
        },
      },
    );
    expect({ code, outcome: json['outcome'], message: json['message'] }).toMatchObject({
      code: 0,
      outcome: 'Recovered',
    });
    await administrator.select(1);
    expect(await golden('deleg').differences(administrator, String(json['taskID']))).toEqual([]);
  });
});

describe('--policy strict refuses what is expired, and lets nothing pass that a recovery refuses', () => {
  const readAs: readonly (readonly [code: string, edit: (timestamp: string) => string])[] = [
    ['AmbiguousMemberName', (text) => text.replace('{', '{"Signatures":[],')],
    ['DuplicateJSONKey', (text) => text.replace('{', '{"signatures":[],')],
  ];

  test.each(readAs)('%s in timestamp.json', async (code, edit) => {
    await using bucket = await temporaryDirectory('ambiguous');
    await golden('deleg').writeTo(bucket.path);
    const name = join(bucket.path, 'timestamp.json');
    await writeFile(name, edit(await readFile(name, 'utf8')));
    const before = await changes();
    const command = [...flags('deleg', bucket.path), '--policy', 'strict'];
    for (const verb of ['plan', 'recover']) {
      const { json } = await runJSON([verb, ...command]);
      expect(json).toMatchObject({ outcome: 'Failed', reason: 'TrustVerificationFailed' });
      expect(json['findings']).toMatchObject([{ code, severity: 'wall', role: 'timestamp' }]);
    }
    expect(await changes()).toBe(before);
  });

  test('what a recovery would only report as expired', async () => {
    const command = ['plan', ...flags('deleg', join(files.path, 'deleg'), 20 * DAY)];
    expect(await runJSON(command)).toMatchObject({ json: { outcome: 'RecoveryNeeded' } });
    const { json } = await runJSON([...command, '--policy', 'strict', '--max-expired-age', '365d']);
    expect(json).toMatchObject({ outcome: 'Failed', reason: 'TrustVerificationFailed' });
    expect(json['findings']).toMatchObject([{ code: 'MetadataExpired', severity: 'wall' }]);
  });
});
