import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import packageJSON from '../../package.json' with { type: 'json' };
import { signDemoApp } from '../../scripts/demo/app.ts';
import { testNamespace } from '../controllers/support/namespace.ts';
import { poll } from '../harness/poll.ts';
import { startProcess } from '../harness/process.ts';
import { startRedis } from '../harness/redis.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { fileOf, sha256 } from '../tuf/generator/mutations/mutation.ts';
import { Repository } from '../tuf/generator/repository.ts';

const run = promisify(execFile);

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly version: string;
    readonly homepage: string;
    readonly shortDescription: string;
    readonly platforms: readonly {
      readonly selector: {
        readonly matchExpressions: readonly { key: string; operator: string; values: readonly string[] }[];
      };
      readonly uri: string;
      readonly sha256: string;
      readonly bin: string;
      readonly files: readonly { readonly from: string; readonly to: string }[];
    }[];
  };
}

let directory: TemporaryDirectory;
let manifest: Manifest;
/** Installed as krew does it: unpacked, and linked under the name by which kubectl finds it. */
let plugin: string;
/** This Node.js, and no other program of the clone. */
let path: string;

beforeAll(async () => {
  directory = await temporaryDirectory('plugin');
  const out = join(directory.path, 'out');
  await run(process.execPath, ['scripts/build-plugin.ts', out]);
  manifest = parse(await readFile(join(out, 'tuf-recovery.yaml'), 'utf8'));
  const store = join(directory.path, 'store');
  const bin = join(directory.path, 'bin');
  await mkdir(store);
  await mkdir(bin);
  await run('tar', ['-xzf', join(out, 'kubectl-tuf_recovery.tar.gz'), '-C', store]);
  plugin = join(bin, 'kubectl-tuf_recovery');
  await symlink(join(store, manifest.spec.platforms[0]?.bin ?? ''), plugin);
  await symlink(process.execPath, join(bin, 'node'));
  path = `${bin}:/usr/bin:/bin`;
});
afterAll(() => directory[Symbol.asyncDispose]());

/** Runs the plugin; resolves with its exit code, too. */
async function ran(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const options = { cwd: directory.path, env: { PATH: path, HOME: directory.path, ...env } };
  return run(plugin, [...args], options).then(
    (output) => ({ code: 0, ...output }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

describe("krew's manifest", () => {
  test('names the archive of the release by its digest', async () => {
    const [platform] = manifest.spec.platforms;
    const archive = await readFile(join(directory.path, 'out', 'kubectl-tuf_recovery.tar.gz'));
    expect(platform?.sha256).toBe(createHash('sha256').update(archive).digest('hex'));
    expect(platform?.uri).toBe(
      `https://github.com/tuf-recovery-operator/tuf-recovery-operator/releases/download/v${packageJSON.version}/kubectl-tuf_recovery.tar.gz`,
    );
  });

  // https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/ and internal/index/validation of krew
  test('is one that krew accepts', () => {
    expect(manifest).toMatchObject({
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
    });
    const { metadata, spec } = manifest;
    expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
    expect(spec.version).toMatch(/^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$/);
    expect(spec.shortDescription).not.toMatch(/[\r\n]/);
    expect(spec.shortDescription.length).toBeLessThanOrEqual(50);
    expect(spec.homepage).toMatch(/^https:\/\//);
    for (const { files, bin, selector } of spec.platforms) {
      expect(files.map(({ from }) => from)).toContain(bin);
      expect(bin).not.toMatch(/^\/|\.\./);
      for (const { key, operator, values } of selector.matchExpressions) {
        expect(['os', 'arch']).toContain(key);
        expect(operator).toBe('In');
        expect(values.length).toBeGreaterThan(0);
      }
    }
  });

  test('is the same for the same sources', async () => {
    const again = join(directory.path, 'again');
    await run(process.execPath, ['scripts/build-plugin.ts', again]);
    expect(parse(await readFile(join(again, 'tuf-recovery.yaml'), 'utf8'))).toEqual(manifest);
  });
});

describe('the program of one file', () => {
  test('recovers an app: it has its scripts inside', async () => {
    await using redis = await startRedis();
    const app = signDemoApp(new Date(Date.now() - 36 * 3_600_000));
    for (const { key, body, lastModified = new Date() } of app.objects) {
      const file = join(directory.path, key);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, body);
      await utimes(file, lastModified, lastModified);
    }
    const { code, stdout, stderr } = await ran(
      ['recover', '--admin=alice', '--app=tuf', '--storage=tuf_metadata', `--root-sha256=${app.rootSHA256}`],
      { REDIS_HOST: redis.host, REDIS_PORT: String(redis.port) },
    );
    expect(`${code} ${stderr}`).toMatch(/^0 /);
    expect(stdout).toContain('17 keys were written');
    expect(await (await redis.client()).get('SNAPSHOT_EXPIRATION_alice_tuf')).toBe('14');
  });

  test('calls itself as kubectl does', async () => {
    const { stdout } = await ran(['run', '--help']);
    expect(stdout).toMatch(/^Usage: kubectl tuf-recovery run /);
  });

  test('verifies a large repository in its thread', async () => {
    const repository = new Repository({
      delegations: Array.from({ length: 1_100 }, (_, index) => ({ name: `role-${index}`, keys: ['online'] })),
    });
    const files = repository.seal();
    const large = join(directory.path, 'large');
    await mkdir(large);
    await Promise.all([...files].map(([name, body]) => writeFile(join(large, name), body)));
    const root = sha256(fileOf(files, '1.root.json'));
    const profiles = join(directory.path, 'profiles');
    const { code, stdout, stderr } = await ran(
      ['verify', large, `--root-sha256=${root}`, '--reference-time=2026-11-23T12:00:00Z', '--output=json'],
      // One profile for each thread.
      { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` },
    );
    expect(`${code} ${stderr}`).toMatch(/^0 /);
    expect(await readdir(profiles)).toHaveLength(2);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'trusted' });
  });

  test('serves the page of the dashboard', async () => {
    const cluster = await sharedAPIServer();
    const { name } = await testNamespace(cluster);
    await using dashboard = await startProcess({
      name: 'dashboard',
      command: plugin,
      args: ['dashboard', '--no-open'],
      env: {
        PATH: path,
        HOME: directory.path,
        KUBECONFIG: await cluster.kubeconfigFile({ namespace: name }),
      },
    });
    const url = await poll('its address', async () => /http:\S+/.exec(await dashboard.log())?.[0]);
    const page = await fetch(url);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('main.js');
  });

  test('says which Node.js it needs where there is an older one, or none', async () => {
    const old = join(directory.path, 'old');
    await mkdir(old);
    await writeFile(join(old, 'node'), '#!/bin/sh\necho v20.19.0\n');
    await chmod(join(old, 'node'), 0o755);
    for (const PATH of [`${old}:/usr/bin:/bin`, '/nonexistent']) {
      const { code, stderr } = await ran(['--version'], { PATH });
      expect(code).toBe(1);
      expect(stderr).toContain('tuf-recovery needs Node.js 24 or newer on PATH.');
    }
  });

  test('carries the licences of what is in it', async () => {
    const licences = await readFile(join(directory.path, 'store', 'LICENSES.md'), 'utf8');
    for (const name of ['ioredis', 'commander', 'preact', '@aws-sdk/client-s3']) {
      expect(licences).toMatch(new RegExp(`^## ${name} \\d`, 'm'));
    }
  });
});
