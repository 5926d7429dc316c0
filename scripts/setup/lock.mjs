import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 200;

/**
 * Runs `work` while no other process that uses the same folder of locks holds the lock of that name. A lock
 * whose owner was killed is taken over.
 *
 * A lock is a directory with a file inside that names its owner. It is made elsewhere and moved into place,
 * because moving a directory is atomic and fails when there is one already that isn't empty.
 *
 * @template T
 * @param {string} folder
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait] called once when another process holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(folder, name, work, onWait) {
  await mkdir(folder, { recursive: true });
  const lock = join(folder, name);
  const id = randomUUID();
  let waited = false;
  while (!(await acquire(lock, id))) {
    await buryIfDead(lock);
    if (!waited) {
      onWait?.();
      waited = true;
    }
    await delay(RETRY_MS);
  }
  try {
    return await work();
  } finally {
    // Emptied in place, it could be taken by another process before it is gone.
    const released = `${lock}.released-${id}`;
    await rename(lock, released);
    await rm(released, { recursive: true, force: true });
  }
}

/**
 * @param {string} lock
 * @param {string} id
 */
async function acquire(lock, id) {
  const draft = `${lock}.draft-${id}`;
  await mkdir(draft, { recursive: true });
  await writeFile(join(draft, 'owner'), JSON.stringify({ id, pid: process.pid, host: hostname() }));
  try {
    await rename(draft, lock);
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (isCode(error, 'ENOTEMPTY') || isCode(error, 'EEXIST')) {
      return false;
    }
    throw error;
  }
}

/** @param {string} lock */
async function buryIfDead(lock) {
  try {
    const owner = JSON.parse(await readFile(join(lock, 'owner'), 'utf8'));
    // Whether a process of another machine (a shared home folder) is alive can't be found out.
    if (owner.host === hostname() && !isAlive(owner.pid)) {
      // The grave bears the dead owner's name and is never emptied: of two processes that saw the same dead
      // owner the second one can't bury the lock that the first one has taken since.
      await rename(lock, `${lock}.dead-${owner.id}`);
    }
  } catch (error) {
    if (!isCode(error, 'ENOENT') && !isCode(error, 'ENOTEMPTY') && !isCode(error, 'EEXIST')) {
      throw error;
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
