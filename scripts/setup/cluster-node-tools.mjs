import { existsSync } from 'node:fs';
import { canInstallPackages, installPackages } from './apt.mjs';
import { SetupFailure } from './failure.mjs';
import { findOnPath } from './locate.mjs';

/** Debian package → the program that tells whether it is installed. */
const PROGRAMS = /** @type {const} */ ({
  iptables: 'iptables',
  nftables: 'nft',
  conntrack: 'conntrack',
  ipset: 'ipset',
  iproute2: 'ip',
  gcc: 'gcc',
  'pkg-config': 'pkg-config',
});
const SECCOMP = '/usr/include/seccomp.h';

/**
 * The programs that kubelet, kube-proxy and kube-router call, and the compiler and library that runc is built
 * with. Installs them on Debian and Ubuntu when run as root.
 *
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<void>}
 */
export async function ensureClusterNodeTools(progress) {
  if (missingPackages().length === 0) {
    return;
  }
  const missing = missingPackages();
  if (!canInstallPackages()) {
    throw new SetupFailure(
      `A cluster node needs these packages: ${missing.join(' ')}.\nInstall them: sudo apt-get install ${missing.join(' ')}`,
    );
  }
  await installPackages('cluster node tools', missing, () => missingPackages().length === 0, progress);
}

function missingPackages() {
  return clusterNodeTools()
    .filter(({ path }) => path === undefined)
    .map(({ name }) => name);
}

/** The Debian packages, each with the file that shows that it is installed. */
export function clusterNodeTools() {
  return [
    ...Object.entries(PROGRAMS).map(([name, program]) => ({ name, path: findOnPath(program) })),
    { name: 'libseccomp-dev', path: existsSync(SECCOMP) ? SECCOMP : undefined },
  ];
}
