import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { locateChromium, locateGoPart, locateRedis } from '../../../scripts/setup/locate.mjs';
import { goPart } from '../../../scripts/setup/parts.mjs';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

beforeEach(() => {
  for (const name of ['CHROMIUM', 'KUBEBUILDER_ASSETS', 'REDIS_SERVER', 'VERSITYGW']) {
    vi.stubEnv(name, undefined);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('binaries are cached by version under XDG_CACHE_HOME', () => {
  vi.stubEnv('XDG_CACHE_HOME', '/caches');
  const { version } = goPart('etcd');
  expect(locateGoPart('etcd')).toEqual({
    path: `/caches/tuf-recovery-operator/bin/etcd-${version}`,
    source: 'cache',
  });
});

test('KUBEBUILDER_ASSETS is used for what it holds, the cache for the rest', async () => {
  await using assets = await temporaryDirectory('assets');
  const etcd = join(assets.path, 'etcd');
  await writeFile(etcd, '');
  await chmod(etcd, 0o755);
  vi.stubEnv('KUBEBUILDER_ASSETS', assets.path);
  expect(locateGoPart('etcd')).toEqual({ path: etcd, source: 'KUBEBUILDER_ASSETS' });
  expect(locateGoPart('kubectl').source).toBe('cache');
  expect(locateGoPart('helm').source).toBe('cache');
});

test('REDIS_SERVER and VERSITYGW name the programs to use', () => {
  vi.stubEnv('REDIS_SERVER', '/opt/valkey-server');
  vi.stubEnv('VERSITYGW', '/opt/versitygw');
  expect(locateRedis()).toEqual({ path: '/opt/valkey-server', source: 'REDIS_SERVER' });
  expect(locateGoPart('versitygw')).toEqual({ path: '/opt/versitygw', source: 'VERSITYGW' });
});

test('CHROMIUM names the browser to use, before any on PATH', async () => {
  await using programs = await temporaryDirectory('programs');
  const chromium = join(programs.path, 'chromium');
  await writeFile(chromium, '');
  await chmod(chromium, 0o755);
  vi.stubEnv('PATH', programs.path);
  expect(locateChromium()).toEqual({ path: chromium, source: 'PATH' });
  vi.stubEnv('CHROMIUM', '/opt/chromium');
  expect(locateChromium()).toEqual({ path: '/opt/chromium', source: 'CHROMIUM' });
});
