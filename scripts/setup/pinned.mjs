import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SUBSTRATE = fileURLToPath(new URL('../../test/substrate/', import.meta.url));

/**
 * Without these the binaries call themselves v0.0.0-master, and clients that look at the version misbehave.
 *
 * @param {string} version
 */
export function kubernetesVersionFlags(version) {
  const [major, minor] = version.split('.');
  const variables = 'k8s.io/component-base/version';
  return `-X ${variables}.gitVersion=v${version} -X ${variables}.gitMajor=${major} -X ${variables}.gitMinor=${minor}`;
}

/**
 * A program of this repository: its version is the digest of its sources, so that a change builds it again.
 *
 * @param {string} folder
 */
export function ownSource(folder) {
  const directory = join(SUBSTRATE, folder);
  const digest = createHash('sha256');
  for (const name of readdirSync(directory).sort()) {
    digest.update(name).update(readFileSync(join(directory, name)));
  }
  return { directory, version: digest.digest('hex').slice(0, 12) };
}

/**
 * A part's version stands once, in its go.mod.
 *
 * @param {string} folder
 * @param {string} module
 */
export function pinned(folder, module) {
  const directory = join(SUBSTRATE, folder);
  const text = readFileSync(join(directory, 'go.mod'), 'utf8');
  const line = text
    .split('\n')
    .find((candidate) => candidate.replace('require', '').trim().startsWith(`${module} v`));
  const version = line?.match(/ v(\S+)/)?.[1];
  if (!version) {
    throw new Error(`${join(directory, 'go.mod')} doesn't require ${module}.`);
  }
  return { directory, version };
}
