import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { lockDirectory } from './cache.mjs';
import { SetupFailure } from './failure.mjs';
import { findOnPath } from './locate.mjs';
import { withLock } from './lock.mjs';

const run = promisify(execFile);
const POLICY = '/usr/sbin/policy-rc.d';

/** Whether this is Debian, Ubuntu or one of their kind. */
export function isDebian() {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false; // no Linux that tells what it is
  }
}

/** Whether packages can be installed here: Debian's package manager, and the right to use it. */
export function canInstallPackages() {
  return isDebian() && findOnPath('apt-get') !== undefined && process.getuid?.() === 0;
}

/**
 * Installs Debian packages under one progress step, without starting the services they bring.
 *
 * @param {string} title of the step
 * @param {readonly string[]} packages
 * @param {() => boolean} isDone called again once no other set-up installs packages
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<void>}
 */
export async function installPackages(title, packages, isDone, progress) {
  const step = progress.start(title, 'installing with apt-get');
  try {
    await withLock(
      lockDirectory(),
      'apt',
      async () => {
        if (!isDone()) {
          await aptInstall(packages);
        }
      },
      () => step.note('waiting for another set-up'),
    );
    if (!isDone()) {
      throw new SetupFailure(`apt-get installed ${packages.join(' ')}, but ${title} still can't be used.`);
    }
    step.done('installed');
  } catch (error) {
    step.failed();
    throw error;
  }
}

/** @param {readonly string[]} packages */
async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Packages start their services at once. Debian's way to forbid that is this file.
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) {
    await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  }
  try {
    await run('apt-get', ['update'], { env });
    await run('apt-get', ['install', '--yes', '--no-install-recommends', ...packages], { env });
  } catch (error) {
    throw new SetupFailure(
      `${packages.join(' ')} can't be installed: ${error instanceof Error ? error.message : error}`,
    );
  } finally {
    if (ownPolicy) {
      await rm(POLICY, { force: true });
    }
  }
}
