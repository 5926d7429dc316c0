import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 250;
/** A lock whose owner is on another machine (a shared home folder) is given up for dead after this. */
const FOREIGN_LOCK_MS = 60 * 60 * 1000;

/**
 * The folder that all clones share: `$XDG_CACHE_HOME/tuf-recovery-operator`, by default under `~/.cache`.
 *
 * @returns {string}
 */
function cacheDirectory() {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'tuf-recovery-operator');
}

/**
 * Where the binary of this name and version lies once it is installed.
 *
 * @param {string} name
 * @param {string} version
 * @returns {string}
 */
export function cachedBinary(name, version) {
  return join(cacheDirectory(), 'bin', `${name}-${version}`);
}

/**
 * Runs `work` while no other set-up, of this clone or another, holds the lock of that name.
 *
 * A directory is the lock, because making one is atomic on every file system; the owner's process id inside
 * tells a waiter whether the owner was killed.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait] called once when another set-up holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(name, work, onWait) {
  const locks = join(cacheDirectory(), 'locks');
  const lock = join(locks, name);
  await mkdir(locks, { recursive: true });
  let waited = false;
  while (!(await acquire(lock))) {
    if (!waited) {
      onWait?.();
      waited = true;
    }
    await delay(RETRY_MS);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** @param {string} lock */
async function acquire(lock) {
  try {
    await mkdir(lock);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) {
      throw error;
    }
    await removeIfDead(lock);
    return false;
  }
  await writeFile(join(lock, 'owner'), `${process.pid} ${hostname()}`);
  return true;
}

/** @param {string} lock */
async function removeIfDead(lock) {
  let owner;
  let age;
  try {
    owner = await readFile(join(lock, 'owner'), 'utf8');
    age = Date.now() - (await stat(lock)).mtimeMs;
  } catch (error) {
    if (!isCode(error, 'ENOENT')) {
      throw error;
    }
    return; // released meanwhile, or its owner is about to sign it
  }
  const [pid, host] = owner.split(' ');
  const dead = host === hostname() ? !isAlive(Number(pid)) : age > FOREIGN_LOCK_MS;
  if (dead) {
    // Of several waiters exactly one wins the rename, so nobody removes a lock that was taken again.
    const grave = `${lock}.dead-${process.pid}-${Date.now()}`;
    try {
      await rename(lock, grave);
      await rm(grave, { recursive: true, force: true });
    } catch (error) {
      if (!isCode(error, 'ENOENT')) {
        throw error;
      }
    }
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function isCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}
