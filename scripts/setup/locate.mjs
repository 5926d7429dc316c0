import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cachedBinary } from './cache.mjs';
import { goPart } from './parts.mjs';

/**
 * Where a Go part is to be run from: the folder or file that the environment names, else the cache. The file
 * need not exist yet.
 *
 * @param {string} name
 * @returns {{ path: string, source: string }}
 */
export function locateGoPart(name) {
  const part = goPart(name);
  const value = part.override && process.env[part.override];
  if (part.override === 'KUBEBUILDER_ASSETS' && value) {
    const path = join(value, name);
    return isExecutable(path) ? { path, source: part.override } : cached(part);
  }
  return value ? { path: value, source: part.override ?? '' } : cached(part);
}

/** @param {import('./parts.mjs').GoPart} part */
function cached({ name, version }) {
  return { path: cachedBinary(name, version), source: 'cache' };
}

/**
 * The Redis server to run: `$REDIS_SERVER`, else `redis-server` on PATH.
 *
 * @returns {{ path: string, source: string } | undefined}
 */
export function locateRedis() {
  const override = process.env['REDIS_SERVER'];
  if (override) {
    return { path: override, source: 'REDIS_SERVER' };
  }
  const path = findOnPath('redis-server');
  return path ? { path, source: 'PATH' } : undefined;
}

/**
 * @param {string} name
 * @returns {string | undefined}
 */
export function findOnPath(name) {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

/**
 * @param {string} path
 * @returns {boolean}
 */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // there is nothing to run; why doesn't matter to the callers
  }
}
