import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The keys of Debian's archives, of the package debian-archive-keyring. */
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Where Debian's packages are. */
export const MIRROR = 'http://deb.debian.org/debian';

/**
 * An apt that checks Debian's signatures, needs no root and leaves the machine's own alone: lists and
 * archives lie in `state`, what it downloads in `directory`.
 *
 * @param {object} options
 * @param {readonly { readonly url: string, readonly suites: string }[]} options.sources suites: names, with
 *   spaces between them
 * @param {string} options.architecture as Debian names it
 * @param {string} options.state
 * @param {string} options.directory
 * @returns {Promise<(...args: readonly string[]) => Promise<unknown>>} runs apt-get
 */
export async function ownApt({ sources, architecture, state, directory }) {
  for (const each of ['lists/partial', 'archives/partial', 'etc/preferences.d']) {
    await mkdir(join(state, each), { recursive: true });
  }
  const stanzas = sources.map(
    ({ url, suites }) =>
      `Types: deb\nURIs: ${url}\nSuites: ${suites}\nComponents: main\nSigned-By: ${KEYRING}\n`,
  );
  await writeFile(join(state, 'debian.sources'), stanzas.join('\n'));
  await writeFile(join(state, 'status'), '');
  const settings = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Dir::Etc': join(state, 'etc'),
    'Dir::Etc::SourceList': join(state, 'debian.sources'),
    'Dir::Etc::SourceParts': join(state, 'none'),
    'Dir::State': state,
    'Dir::State::Status': join(state, 'status'),
    'Dir::State::Lists': join(state, 'lists'),
    'Dir::Cache': state,
    'Dir::Cache::Archives': join(state, 'archives'),
  };
  const flags = Object.entries(settings).map(([name, value]) => `--option=${name}=${value}`);
  return (...args) => run('apt-get', [...flags, ...args], { cwd: directory });
}
