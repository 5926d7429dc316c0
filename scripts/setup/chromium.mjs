import { canInstallPackages, installPackages, isDebian } from './apt.mjs';
import { SetupFailure } from './failure.mjs';
import { isExecutable, locateChromium } from './locate.mjs';

/**
 * Finds a Chromium, or installs one on Debian when run as root: the tests of the dashboard look at its page
 * with it.
 *
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<void>}
 */
export async function ensureChromium(progress) {
  const located = locateChromium();
  if (located) {
    if (!isExecutable(located.path)) {
      throw new SetupFailure(`${located.source} names ${located.path}, which isn't an executable file.`);
    }
    return;
  }
  if (!canInstallPackages()) {
    throw new SetupFailure(
      `chromium is missing: it is neither on PATH nor named by CHROMIUM.\nInstall it: ${installCommand()}`,
    );
  }
  await installPackages('chromium', ['chromium'], () => locateChromium() !== undefined, progress);
}

function installCommand() {
  if (process.platform === 'darwin') {
    return 'brew install --cask google-chrome';
  }
  return isDebian()
    ? 'sudo apt-get install chromium'
    : 'the package chromium of your system, then name its program in CHROMIUM';
}
