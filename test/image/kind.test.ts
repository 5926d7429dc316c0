import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backends, credentials, targetManifest } from '../../scripts/e2e/backends.ts';
import { names } from '../../scripts/e2e/names.ts';
import { policyManifest } from '../../scripts/e2e/policy.ts';
import { runManifest } from '../../scripts/e2e/runs.ts';
import { jwtSecret } from '../../scripts/e2e/shim-client.ts';
import { Store } from '../../scripts/e2e/storage.ts';
import { runCLI } from '../cli/run-cli.ts';
import { testNamespace } from '../controllers/support/namespace.ts';
import { startS3 } from '../harness/s3.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

// The clusters themselves need Docker or root; what can be tried without is tried here.

async function runWithoutPrograms(...args: readonly string[]) {
  await using empty = await temporaryDirectory('path');
  await mkdir(join(empty.path, 'bin'));
  return runCLI(args, { command: process.execPath, env: { PATH: join(empty.path, 'bin') } });
}

test('without Docker e2e:kind says what is missing and fails', async () => {
  const { code, stderr } = await runWithoutPrograms('scripts/e2e-kind.ts');
  expect(code).toBe(1);
  expect(stderr).toContain('needs docker, kind, kubectl and helm on PATH');
});

test('where nodes cannot be made e2e:node says why and skips, or fails when it is required', async () => {
  const skipped = await runWithoutPrograms('scripts/e2e-node.ts');
  expect(skipped.stdout).toMatch(/^e2e:node skipped: .{10,}\.\n$/);
  expect(skipped.code).toBe(0);
  expect((await runWithoutPrograms('scripts/e2e-node.ts', '--require')).code).toBe(1);
});

test('the API server accepts what the scenario puts into its cluster, under restricted Pod Security', async () => {
  const { name: namespace, cluster } = await testNamespace(await sharedAPIServer(), 'e2e');
  const { kubectl } = cluster;
  await kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/warn=restricted']);
  const images = {
    operator: { repository: 'operator', tag: 'e2e' },
    redis: 'redis:7.4-alpine',
    s3: 'versity/versitygw:v1.8.0',
  };
  const items = [
    ...[...backends(images), jwtSecret()],
    ...[targetManifest('default', 'a'.repeat(64)), policyManifest, runManifest('run', 'tuf', 'default')],
  ];
  const output = await kubectl(
    [
      ...['create', '--dry-run=server', '--validate=strict', '--warnings-as-errors', '--filename=-'],
      `--namespace=${namespace}`,
    ],
    { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) },
  );
  expect(output.trim().split('\n')).toHaveLength(items.length);
});

test('the signed app arrives in an S3 store', async () => {
  await using s3 = await startS3({ credentials });
  using store = await Store.open(s3.endpoint);
  const app = await store.publish();
  const { code, stdout } = await runCLI(
    [
      ...['verify', `s3://${names.bucket}/${app.prefix}`, '--root-sha256', app.rootSHA256],
      ...['--s3-endpoint', s3.endpoint],
    ],
    { env: { S3_ACCESS_KEY: s3.credentials.accessKeyId, S3_SECRET_KEY: s3.credentials.secretAccessKey } },
  );
  expect(code, stdout).toBe(0);
});
