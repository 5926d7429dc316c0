import { SetupFailure } from './failure.mjs';
import { findOnPath } from './locate.mjs';

/**
 * Asserts that the openssl program is there: the tests make their certificates with it.
 *
 * @returns {string}
 */
export function requireOpenssl() {
  const path = findOnPath('openssl');
  if (!path) {
    const command = process.platform === 'darwin' ? 'brew install openssl' : 'sudo apt-get install openssl';
    throw new SetupFailure(`openssl is missing: it isn't on PATH.\nInstall it: ${command}`);
  }
  return path;
}
