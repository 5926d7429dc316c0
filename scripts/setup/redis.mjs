import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { lockDirectory } from './cache.mjs';
import { SetupFailure } from './failure.mjs';
import { findOnPath, isExecutable, locateRedis } from './locate.mjs';
import { withLock } from './lock.mjs';

const run = promisify(execFile);
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Finds a Redis server, or installs one on Debian and Ubuntu when run as root; returns its path.
 *
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<string>}
 */
export async function ensureRedis(progress) {
  const located = locateRedis();
  if (located) {
    if (!isExecutable(located.path)) {
      throw new SetupFailure(`REDIS_SERVER names ${located.path}, which isn't an executable file.`);
    }
    return located.path;
  }
  if (!isDebian() || !findOnPath('apt-get') || process.getuid?.() !== 0) {
    throw new SetupFailure(
      `redis-server is missing: it is neither on PATH nor named by REDIS_SERVER.\nInstall it: ${installCommand()}`,
    );
  }
  const step = progress.start('redis-server', 'installing with apt-get');
  try {
    await withLock(lockDirectory(), 'apt', install, () => step.note('waiting for another set-up'));
  } catch (error) {
    step.failed();
    throw error;
  }
  const installed = locateRedis();
  if (!installed) {
    step.failed();
    throw new SetupFailure('apt-get installed redis-server, but it is not on PATH.');
  }
  step.done('installed');
  return installed.path;
}

async function install() {
  if (locateRedis()) {
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // The package would start a server on port 6379 at once. Debian's way to forbid that is this file.
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) {
    await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  }
  try {
    await run('apt-get', ['update'], { env });
    await run('apt-get', ['install', '--yes', '--no-install-recommends', 'redis-server'], { env });
  } catch (error) {
    throw new SetupFailure(
      `redis-server can't be installed: ${error instanceof Error ? error.message : error}`,
    );
  } finally {
    if (ownPolicy) {
      await rm(POLICY, { force: true });
    }
  }
  if (existsSync('/run/systemd/system')) {
    // Nor is it to start with the machine.
    await run('systemctl', ['disable', 'redis-server']);
  }
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false; // no Linux that tells what it is
  }
}

function installCommand() {
  if (process.platform === 'darwin') {
    return 'brew install redis';
  }
  if (isDebian()) {
    return 'sudo apt-get install redis-server';
  }
  return 'the package redis or valkey of your system, then name its server in REDIS_SERVER';
}
