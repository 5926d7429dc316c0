import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { signDemoApp } from '../../scripts/demo/app.ts';
import { backendManifests, bucket, targetManifest } from '../../scripts/e2e-kind/manifests.ts';
import { upload } from '../../scripts/e2e-kind/upload.ts';
import { runCLI } from '../cli/run-cli.ts';
import { testNamespace } from '../controllers/support/namespace.ts';
import { startS3 } from '../harness/s3.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

// The cluster itself needs Docker; what can be tried without it is tried here.

test('without Docker the end-to-end test says what is missing and fails', async () => {
  await using empty = await temporaryDirectory('path');
  await mkdir(join(empty.path, 'bin'));
  const { code, stderr } = await runCLI(['scripts/e2e-kind.ts'], {
    command: process.execPath,
    env: { PATH: join(empty.path, 'bin') },
  });
  expect(code).toBe(1);
  expect(stderr).toContain('needs docker, kind, kubectl and helm on PATH');
});

test('the API server accepts what the end-to-end test puts into its cluster', async () => {
  const namespace = await testNamespace(await sharedAPIServer(), 'kind');
  const items = [...backendManifests, targetManifest('a'.repeat(64))];
  const output = await namespace.cluster.kubectl(
    ['create', '--dry-run=server', '--validate=strict', '--filename=-', `--namespace=${namespace.name}`],
    { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) },
  );
  expect(output.trim().split('\n')).toHaveLength(items.length);
});

test('the signed app arrives in an S3 store', async () => {
  await using s3 = await startS3({ buckets: [bucket] });
  const app = signDemoApp(new Date());
  await upload(s3.endpoint, s3.credentials, app.objects);
  const { code, stdout } = await runCLI(
    ['verify', `s3://${bucket}/${app.prefix}`, '--root-sha256', app.rootSHA256, '--s3-endpoint', s3.endpoint],
    { env: { S3_ACCESS_KEY: s3.credentials.accessKeyId, S3_SECRET_KEY: s3.credentials.secretAccessKey } },
  );
  expect(code, stdout).toBe(0);
});
