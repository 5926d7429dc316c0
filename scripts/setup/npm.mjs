import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lockDirectory } from './cache.mjs';
import { SetupFailure } from './failure.mjs';
import { withLock } from './lock.mjs';

const run = promisify(execFile);
const WANTED = 'v24.';
const SHOWN_ERROR_LINES = 15;

/**
 * Installs the npm packages when they are missing or differ from package-lock.json, and asserts that the
 * project's own Node is among them.
 *
 * @param {string} root of the clone
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<string>} the path of that Node
 */
export async function ensurePackages(root, progress) {
  if (!isInstalled(root)) {
    const step = progress.start('npm packages', 'npm ci');
    try {
      await withLock(
        lockDirectory(),
        `npm-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`,
        async () => {
          if (!isInstalled(root)) {
            await npmCi(root);
          }
        },
        () => step.note('waiting for another set-up of this clone'),
      );
      step.done('installed');
    } catch (error) {
      step.failed();
      throw error;
    }
  }
  return requireNode(root);
}

/**
 * Compares the lock file with the one that npm leaves in node_modules: nothing more, nothing less, nothing
 * older, but for optional packages of other platforms.
 *
 * @param {string} root
 */
function isInstalled(root) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const present = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) {
    return false;
  }
  const names = Object.keys(wanted).filter((name) => name !== '');
  return (
    names.every(
      (name) =>
        present[name]?.version === wanted[name]?.version || (!present[name] && wanted[name]?.optional),
    ) && Object.keys(present).every((name) => wanted[name])
  );
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, optional?: boolean } | undefined> | undefined}
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined; // missing or half-written: install anew
  }
}

/**
 * @param {string} root
 * @returns {Promise<void>}
 */
function npmCi(root) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) {
        resolve();
      } else {
        const start = output.trim().split('\n').slice(0, SHOWN_ERROR_LINES).join('\n');
        reject(
          new SetupFailure(`npm ci failed (exit code ${code}). Repeat it: cd ${root} && npm ci\n${start}`),
        );
      }
    });
  });
}

/** @param {string} root */
async function requireNode(root) {
  const path = join(root, 'node_modules', '.bin', 'node');
  let version;
  try {
    version = (await run(path, ['--version'])).stdout.trim();
  } catch {
    version = 'missing';
  }
  if (!version.startsWith(WANTED)) {
    // npm skips the install script that fetches it when it is set to ignore scripts, and says nothing.
    throw new SetupFailure(
      `The project's own Node (${path}) must be ${WANTED}x but is ${version}.\n` +
        'Install it: npm rebuild node --ignore-scripts=false (and look for ignore-scripts=true in ~/.npmrc)',
    );
  }
  return path;
}
