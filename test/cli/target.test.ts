import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { goldenApp } from '../harness/golden.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { PLUGIN, pluginNamespace } from './plugin-namespace.ts';
import { type CLIResult, runCLI } from './run-cli.ts';

const CANARY = 'canary-5ecret';

let cluster: APIServerAccess;
let namespace: string;
let kubeconfig: string;
let files: TemporaryDirectory;
let root: string;
let digest: string;

beforeAll(async () => {
  ({ cluster, namespace, kubeconfig } = await pluginNamespace('target'));
  files = await temporaryDirectory('target');
  const { objects } = await goldenApp('deleg');
  const body = objects.find(({ name }) => name === '1.root.json')?.body ?? '';
  root = join(files.path, '1.root.json');
  await writeFile(root, body);
  digest = createHash('sha256').update(body).digest('hex');
});

afterAll(() => files?.[Symbol.asyncDispose]());

async function envFile(name: string, lines: readonly string[]): Promise<string> {
  const path = join(files.path, name);
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

function server(): Promise<string> {
  return envFile('server.env', [
    '# as the server has it',
    'STORAGE_DRIVER=minio',
    'S3_ENDPOINT="minio.faynosync.svc:9000"',
    'S3_BUCKET_NAME=updates',
    'S3_REGION=eu-central-1',
    'S3_ACCESS_KEY=access',
    `S3_SECRET_KEY='${CANARY} #1'`,
    'REDIS_HOST=redis.faynosync.svc',
    'REDIS_PORT=6380',
    'REDIS_DB=2',
    `REDIS_PASSWORD=${CANARY}#2 # a comment`,
  ]);
}

function create(...args: string[]): Promise<CLIResult> {
  return runCLI(['target', 'create', ...args], { command: PLUGIN, env: { KUBECONFIG: kubeconfig } });
}

async function objects(...names: string[]): Promise<readonly Record<string, unknown>[]> {
  const text = await cluster.kubectl(['get', ...names, `--namespace=${namespace}`, '-o=json']);
  return names.length === 1 ? [JSON.parse(text)] : JSON.parse(text).items;
}

test("the server's .env becomes a target and its Secrets, with the digest of the root", async () => {
  const { code, stderr } = await create('default', '--env-file', await server(), '--root', root, '--yes');
  expect(stderr).toMatch(
    /^secret\/default-redis applied\nsecret\/default-s3 applied\nrecoverytarget\/default applied\n/,
  );
  expect(stderr).toContain(`kubectl tuf-recovery check --target default -n ${namespace}`);
  expect(stderr).not.toContain(CANARY);
  expect(code).toBe(0);
  const [target, redis, s3] = await objects('rt/default', 'secret/default-redis', 'secret/default-s3');
  expect(target?.['spec']).toMatchObject({
    redis: {
      address: 'redis.faynosync.svc:6380',
      db: 2,
      passwordSecretRef: { name: 'default-redis', key: 'password' },
    },
    storage: {
      bucket: 'updates',
      region: 'eu-central-1',
      endpoint: 'http://minio.faynosync.svc:9000',
      forcePathStyle: true,
      credentialsSecretRef: { name: 'default-s3' },
    },
    trust: { rootSHA256: digest },
    accessMode: 'ReadWrite',
  });
  const text = (value: string): string => Buffer.from(value).toString('base64');
  expect(redis?.['data']).toEqual({ password: text(`${CANARY}#2`) });
  expect(s3?.['data']).toEqual({
    AWS_ACCESS_KEY_ID: text('access'),
    AWS_SECRET_ACCESS_KEY: text(`${CANARY} #1`),
  });
});

test('--dry-run applies nothing; for a pipe it is complete and the API server takes it, for a screen not', async () => {
  const args = ['piped', '--env-file', await server(), '--root', root, '--dry-run', '--read-only'];
  const shown = await create(...args);
  expect(shown.code).toBe(0);
  expect(shown.stdout).not.toContain(CANARY);
  expect(shown.stdout).not.toContain(Buffer.from(CANARY).toString('base64'));
  const piped = await create(...args, '-o', 'yaml');
  expect(parseAllDocuments(piped.stdout).map((each) => each.toJS().kind)).toEqual([
    'Secret',
    'Secret',
    'RecoveryTarget',
  ]);
  await expect(objects('rt/piped')).rejects.toThrow('not found');
  await cluster.apply(piped.stdout, { namespace });
  const [target] = await objects('rt/piped');
  expect(target?.['spec']).toMatchObject({ accessMode: 'ReadOnly' });
});

test('Sentinel, TLS, the identity of the controller, and a root for each app', async () => {
  const ca = await envFile('ca.crt', ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----']);
  const env = await envFile('sentinel.env', [
    'REDIS_URL=redis-sentinel://app:pass@s1:26379,s2:26380/1#mymaster',
    'REDIS_SENTINEL_PASSWORD=watch',
    `REDIS_CA_FILE=${ca}`,
    'S3_BUCKET_NAME=updates',
    'S3_REGION=eu-central-1',
  ]);
  const args = ['ha', '--env-file', env, '--root', root, '--app', 'alice/tuf', '--app', 'bob/b'];
  expect((await create(...args, '--yes')).code).toBe(0);
  const [target, sentinel] = await objects('rt/ha', 'secret/ha-sentinel');
  expect(sentinel).toBeDefined();
  expect(target?.['spec']).toMatchObject({
    redis: {
      sentinel: {
        addresses: ['s1:26379', 's2:26380'],
        master: 'mymaster',
        passwordSecretRef: { name: 'ha-sentinel' },
      },
      username: 'app',
      db: 1,
      tls: { caSecretRef: { name: 'ha-redis', key: 'ca.crt' } },
    },
    storage: { ambient: true },
    trust: {
      apps: [
        { adminName: 'alice', appName: 'tuf', rootSHA256: digest },
        { adminName: 'bob', appName: 'b', rootSHA256: digest },
      ],
    },
  });
});

test('a Secret that another tool manages is not written over', async () => {
  await cluster.kubectl([
    ...['create', 'secret', 'generic', 'taken-redis', '--from-literal=password=mine'],
    `--namespace=${namespace}`,
  ]);
  const { code, stderr } = await create('taken', '--env-file', await server(), '--root', root, '--yes');
  expect(code).toBe(1);
  expect(stderr).toMatch(/409 Conflict/);
  expect(stderr).not.toContain(CANARY);
  const [secret] = await objects('secret/taken-redis');
  expect(secret?.['data']).toEqual({ password: Buffer.from('mine').toString('base64') });
});

test('without a terminal it wants --yes; what is no root, and what says no bucket, is refused', async () => {
  const silent = await create('x', '--env-file', await server(), '--root', root);
  expect(silent.code).toBe(64);
  expect(silent.stderr).toContain('--dry-run -o yaml');
  const noRoot = await create('x', '--env-file', await server(), '--root', await server(), '--yes');
  expect(noRoot).toMatchObject({ code: 64, stderr: expect.stringContaining('is not root metadata') });
  const env = await envFile('empty.env', ['REDIS_HOST=redis']);
  const noBucket = await create('x', '--env-file', env, '--root', root, '--yes');
  expect(noBucket).toMatchObject({ code: 64, stderr: expect.stringContaining('set S3_BUCKET_NAME') });
  await expect(objects('rt/x')).rejects.toThrow('not found');
});
