import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { canInstallPackages, installPackages, isDebian } from './apt.mjs';
import { SetupFailure } from './failure.mjs';
import { isExecutable, locateRedis } from './locate.mjs';

const run = promisify(execFile);

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
  if (!canInstallPackages()) {
    throw new SetupFailure(
      `redis-server is missing: it is neither on PATH nor named by REDIS_SERVER.\nInstall it: ${installCommand()}`,
    );
  }
  await installPackages('redis-server', ['redis-server'], () => locateRedis() !== undefined, progress);
  if (existsSync('/run/systemd/system')) {
    // Nor is it to start with the machine.
    await run('systemctl', ['disable', 'redis-server']);
  }
  const installed = locateRedis();
  if (!installed) {
    throw new SetupFailure('apt-get installed redis-server, but it is not on PATH.');
  }
  return installed.path;
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
