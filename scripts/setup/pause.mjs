import { execFile } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cachedBinary, lockDirectory } from './cache.mjs';
import { SetupFailure } from './failure.mjs';
import { findOnPath, isExecutable } from './locate.mjs';
import { withLock } from './lock.mjs';
import { pinned } from './pinned.mjs';

const run = promisify(execFile);

/** Where the program lies that holds a pod's namespaces: Kubernetes' own, from the C file in its module. */
export function pausePath() {
  return cachedBinary('pause', pinned('kubernetes', 'k8s.io/kubernetes').version);
}

/**
 * Compiles it when it isn't there yet.
 *
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<void>}
 */
export async function ensurePause(progress) {
  const target = pausePath();
  if (isExecutable(target)) {
    return;
  }
  const step = progress.start('pause', 'compiling');
  try {
    await withLock(lockDirectory(), 'pause', () => compile(target));
    step.done('compiled');
  } catch (error) {
    step.failed();
    throw error;
  }
}

/** @param {string} target */
async function compile(target) {
  const go = findOnPath('go');
  if (!go) {
    throw new SetupFailure(
      "Go, which fetches the sources of pause, isn't on PATH. See https://go.dev/doc/install",
    );
  }
  const { directory, version } = pinned('kubernetes', 'k8s.io/kubernetes');
  // It fetches the module where nothing was built of it yet; `go list` would name no directory then.
  const { stdout } = await run(go, ['mod', 'download', '-json', 'k8s.io/kubernetes'], {
    cwd: directory,
    env: { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' },
  });
  await mkdir(dirname(target), { recursive: true });
  const draft = `${target}.${process.pid}.tmp`;
  const source = join(JSON.parse(stdout).Dir, 'build/pause/linux/pause.c');
  try {
    await run('gcc', ['-Os', '-static', `-DVERSION=${version}`, '-o', draft, source]);
    const says = (await run(draft, ['-v'])).stdout;
    if (!says.includes(version)) {
      throw new SetupFailure(`${draft} should call itself ${version}, but says: ${says.trim()}`);
    }
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
}
