import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the binary of this name and version lies once it is installed: in a folder that all clones share,
 * `$XDG_CACHE_HOME/tuf-recovery-operator`, by default under `~/.cache`.
 *
 * @param {string} name
 * @param {string} version
 * @returns {string}
 */
export function cachedBinary(name, version) {
  return join(cacheDirectory(), 'bin', `${name}-${version}`);
}

/**
 * Where an installed part lies that is more than one file, in the same folder.
 *
 * @param {string} name
 * @returns {string}
 */
export function cachedDirectory(name) {
  return join(cacheDirectory(), name);
}

/**
 * Where set-ups that run at once lock each other out.
 *
 * @returns {string}
 */
export function lockDirectory() {
  return join(cacheDirectory(), 'locks');
}

function cacheDirectory() {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tuf-recovery-operator');
}
