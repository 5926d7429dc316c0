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
