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

/** Names that Debian, Ubuntu and others give the browser, the leanest first. */
const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const CHROME_OF_MACOS = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/**
 * The Chromium that shows the dashboard to the tests: `$CHROMIUM`, else one on PATH or where macOS has it.
 *
 * @returns {{ path: string, source: string } | undefined}
 */
export function locateChromium() {
  const override = process.env['CHROMIUM'];
  if (override) {
    return { path: override, source: 'CHROMIUM' };
  }
  for (const name of CHROMIUMS) {
    const path = findOnPath(name);
    if (path) {
      return { path, source: 'PATH' };
    }
  }
  return isExecutable(CHROME_OF_MACOS) ? { path: CHROME_OF_MACOS, source: 'Applications' } : undefined;
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
