import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiVersion } from '../../src/api/resources.ts';
import { poll } from '../harness/poll.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { shippedProgram } from '../harness/shipped-program.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { sha256 } from '../tuf/generator/mutations/mutation.ts';
import { HOSTILE_BUCKETS } from '../tuf/hostile/buckets.ts';
import { MAX_RSS_MIB, POD_HEAP } from '../tuf/hostile/child.ts';
import { ADMIN, type HostileS3, startHostileS3 } from '../tuf/hostile/hostile-s3.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { redisPassword, secret } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';

/** One of each kind that takes the most time or memory; the engine sees all of them in its own test. */
const KINDS = [
  '100,000 files of roles without a delegation',
  '100,000 names of control characters',
  'a 9.targets.json of 49 MB with four million keys',
  'a role of 64 MiB in one string',
  'a role of 35 MB of members in the wrong order',
  'both roles of 64 MiB',
  'a snapshot of 64 MiB',
  'a timestamp of 64 MiB',
  'a role that grew after the listing',
  'a role that vanished after the listing',
  'eight signed roles that list 250 MB of keys',
  '20 roles that each delegate to 100 roles',
];

const buckets = HOSTILE_BUCKETS.filter(({ name }) => KINDS.includes(name)).map((bucket, i) => ({
  ...bucket,
  app: `b${i}`,
}));

let namespace: TestNamespace;
let redis: RedisServer;
let s3: HostileS3;
let controller: ControllerProcess;
let program: TemporaryDirectory;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer(), 'hostile');
  redis = await startRedis({ password: redisPassword });
  s3 = await startHostileS3();
  const apps = [];
  for (const { app, make } of buckets) {
    const source = make();
    s3.serve(app, source);
    const root = await source.get('1.root.json', { maxBytes: 1_000_000 });
    apps.push({ adminName: ADMIN, appName: app, rootSHA256: sha256(root) });
  }
  await namespace.apply(
    secret('redis', { password: redisPassword }),
    secret('s3', { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' }),
    {
      apiVersion,
      kind: 'RecoveryTarget',
      metadata: { name: 'default' },
      spec: {
        redis: { address: `${redis.host}:${redis.port}`, passwordSecretRef: { name: 'redis' } },
        storage: {
          bucket: s3.bucket,
          endpoint: s3.endpoint,
          region: 'us-east-1',
          forcePathStyle: true,
          credentialsSecretRef: { name: 's3' },
        },
        trust: { apps },
      },
    },
  );
  program = await temporaryDirectory('program');
  controller = await startController(
    namespace,
    await shippedProgram(program.path, process.execPath, [POD_HEAP]),
  );
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
  await redis?.stop();
  await program?.[Symbol.asyncDispose]();
});

test('every kind is known', () => {
  expect(buckets.map(({ name }) => name).sort()).toEqual([...KINDS].sort());
});

test('a controller with the memory of a pod brings a run on each of them to its end', async () => {
  for (const { app } of buckets) {
    await namespace.start(app, { adminName: ADMIN, appName: app });
  }
  for (const { app, name, verdict } of buckets) {
    const succeeded = await poll(
      `the run on "${name}" to end`,
      async () => {
        const condition = conditionOf(await namespace.run(app), 'Succeeded');
        return condition?.status === 'Unknown' ? undefined : condition;
      },
      { timeoutMs: 600_000, intervalMs: 250 },
    );
    expect({ name, status: succeeded.status, reason: succeeded.reason }).toEqual({
      name,
      status: verdict === 'trusted' ? 'True' : 'False',
      reason: verdict === 'trusted' ? 'Recovered' : 'TrustVerificationFailed',
    });
    if (verdict === 'refused') {
      expect(succeeded.message).toMatch(/^[A-Z]\w+ \(/);
    }
  }
  expect((await controller.probe('healthz')).status).toBe(200);
  if (process.platform !== 'linux') {
    return;
  }
  const status = readFileSync(`/proc/${controller.process.pid}/status`, 'utf8');
  const peakMiB = Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) / 1024;
  expect(peakMiB).toBeLessThan(MAX_RSS_MIB);
}, 1_800_000);
