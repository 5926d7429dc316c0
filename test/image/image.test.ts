import { spawn } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runConfigOf } from '../../scripts/image/image-recipe.ts';
import { buildProgramFiles, readDockerfile } from '../../scripts/image/program-files.ts';
import { sameClock } from '../harness/clock.ts';
import { goldenApp } from '../harness/golden.ts';
import { startRedis } from '../harness/redis.ts';
import { startS3 } from '../harness/s3.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';

/** The user of the image, who has no account here. */
const UID = 65_532;

let image: TemporaryDirectory;
let build: TemporaryDirectory;
let node: string;
let environment: Readonly<Record<string, string>>;
let program: string;

/** What the Dockerfile puts onto its base: the same files, read-only, and nothing else. */
beforeAll(async () => {
  image = await temporaryDirectory('image');
  build = await temporaryDirectory('build');
  const stages = await readDockerfile(process.cwd());
  await buildProgramFiles(stages, process.cwd(), build.path, image.path);
  // Another user must get through to it.
  await chmod(dirname(image.path), 0o711);
  await chmod(image.path, 0o755);
  node = join(image.path, 'nodejs/bin/node');
  await mkdir(dirname(node), { recursive: true });
  await copyFile(await realpath(process.execPath), node);
  program = join(image.path, 'app/tuf-recovery.js');
  const variables = runConfigOf(stages.last, {}).Env ?? [];
  environment = Object.fromEntries(variables.map((each) => each.split('=', 2)));
});

afterAll(async () => {
  await build[Symbol.asyncDispose]();
  await image[Symbol.asyncDispose]();
});

/** Runs the program as the image does: as a number of a user, in a bare environment. */
function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  user: { readonly uid: number; readonly gid: number } = { uid: UID, gid: UID },
): Promise<{ code: number | null; output: string }> {
  const root = process.getuid?.() === 0;
  return new Promise((resolve, reject) => {
    const child = spawn(node, [program, ...args], {
      cwd: join(image.path, 'app'),
      env: { ...environment, ...sameClock(), ...env },
      ...(root ? user : {}),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

describe('what the image contains', () => {
  test('is a bundle, the scripts for Redis and the licences, under 15 MB and without a package', async () => {
    const names = await readdir(join(image.path, 'app'), { recursive: true });
    expect(names).toEqual(
      expect.arrayContaining([
        'tuf-recovery.js',
        'verify.worker.js',
        'LICENSE',
        'LICENSES.md',
        'sbom.cdx.json',
        'scripts/apply.lua',
        'dashboard/index.html',
        'dashboard/main.js',
      ]),
    );
    expect(names.filter((name) => name.includes('node_modules') || name.endsWith('.ts'))).toEqual([]);
    let bytes = 0;
    for (const name of names) {
      bytes += (await stat(join(image.path, 'app', name))).size;
    }
    expect(bytes).toBeLessThan(15_000_000);
  });

  test('knows its version and explains itself', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    const { output } = await run(['--help']);
    for (const command of ['controller', 'shim', 'recover', 'verify', 'status', 'run']) {
      expect(output).toContain(`  ${command} `);
    }
  });

  test('runs as whatever user a platform gives it, as OpenShift does', async () => {
    const { code, output } = await run(['--version'], {}, { uid: 1_000_680_000, gid: 0 });
    expect(code, output).toBe(0);
  });

  test('brings an app back: S3, Redis and the scripts work from the bundle', async () => {
    await using redis = await startRedis();
    await using s3 = await startS3({ buckets: ['updates'] });
    const app = await goldenApp('deleg');
    await app.putInto(s3, 'updates');
    const { code, output } = await run(
      [
        ...['recover', '--admin', app.admin, '--app', app.app, '--trust-on-first-use'],
        ...['--reference-time', app.newest.toISOString()],
      ],
      {
        REDIS_URL: redis.url,
        S3_BUCKET_NAME: 'updates',
        S3_ENDPOINT: s3.endpoint,
        S3_REGION: s3.region,
        S3_FORCE_PATH_STYLE: 'true',
        S3_ACCESS_KEY: s3.credentials.accessKeyId,
        S3_SECRET_KEY: s3.credentials.secretAccessKey,
      },
    );
    expect(code, output).toBe(0);
    const client = await redis.client();
    // Everything as recorded but the marker, which names the recovery.
    const marker = await client.get(`BOOTSTRAP_${app.admin}_${app.app}`);
    expect(await app.differences(client, marker ?? '')).toEqual([]);
  });

  test('verifies a large repository in the worker thread that lies beside it', async () => {
    await using directory = await temporaryDirectory('large');
    await chmod(directory.path, 0o755);
    const app = await goldenApp('many');
    const repository = join(directory.path, 'repository');
    await app.writeTo(repository);
    // An object of 5 MB beside the others is enough to leave the main thread; it is history, and
    // no file links to it.
    await writeFile(join(repository, '0.targets.json'), ' '.repeat(5_000_000));
    const now = ['--reference-time', app.newest.toISOString()];
    const args = ['verify', repository, '--trust-on-first-use', ...now, '-o', 'json'];
    const { code, output } = await run(args);
    expect(code, output).toBe(0);

    // That it really was the worker shows when there is another in its place.
    const worker = join(image.path, 'app/verify.worker.js');
    const genuine = await readFile(worker);
    await writeFile(worker, 'throw new Error("the worker was started")');
    const broken = await run(args);
    await writeFile(worker, genuine);
    expect(broken.output).toContain('the worker was started');
    expect(broken.code).not.toBe(0);
  });

  test('talks to a cluster', async () => {
    const cluster = await sharedAPIServer();
    for (const file of await readdir('crds')) {
      await cluster.apply(await readFile(join('crds', file), 'utf8'));
    }
    const namespace = await cluster.createNamespace('image');
    await using directory = await temporaryDirectory('kubeconfig');
    await chmod(directory.path, 0o755);
    const readable = join(directory.path, 'config');
    await cp(await cluster.kubeconfigFile({ namespace }), readable);
    await chmod(readable, 0o644);
    const { output } = await run(['status'], { KUBECONFIG: readable });
    expect(output).toContain(`No app and no run in namespace "${namespace}"`);
  });
});
