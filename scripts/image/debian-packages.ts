import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from '../setup/locate.mjs';
import { KEYRING, ownApt } from '../setup/own-apt.mjs';
import type { Architecture } from './platform.ts';
import { readTar, type TarEntry } from './tar.ts';

const run = promisify(execFile);
/** The largest package is libc6, 13 MB unpacked. */
const MAX_PACKAGE_BYTES = 256 * 1024 * 1024;

/** A package of Debian with everything in it. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** Its control file. */
  readonly control: string;
  readonly entries: readonly TarEntry[];
}

/**
 * Downloads packages with apt, which verifies Debian's signatures, without touching the machine's own apt or
 * needing root: lists and archives lie below a directory of the caller's.
 *
 * @param suite for example bookworm
 * @param mirror URL of a Debian mirror; `<mirror>-security` is where its security updates are
 * @param names without their dependencies
 * @throws Error when apt fails; its message names the package or the mirror
 */
export async function debianPackages(
  names: readonly string[],
  options: {
    readonly suite: string;
    readonly mirror: string;
    readonly architecture: Architecture;
    readonly directory: string;
  },
): Promise<readonly DebianPackage[]> {
  const missing = [
    ...['apt-get', 'dpkg-deb'].filter((program) => findOnPath(program) === undefined),
    ...(existsSync(KEYRING) ? [] : [KEYRING]),
  ];
  if (missing.length > 0) {
    throw new Error(
      `The base image is made from Debian packages, which needs ${missing.join(' and ')} (on Ubuntu: apt-get install debian-archive-keyring). ` +
        'Elsewhere give a base: docker save the image that the Dockerfile ends with, and pass the file as --base.',
    );
  }
  const { suite, mirror, architecture, directory } = options;
  const apt = await ownApt({
    sources: [
      { url: mirror, suites: `${suite} ${suite}-updates` },
      { url: `${mirror}-security`, suites: `${suite}-security` },
    ],
    architecture,
    state: join(directory, 'apt'),
    directory,
  });
  await apt('update', '--quiet');
  await apt('download', ...names);
  const files = (await readdir(directory)).filter((name) => name.endsWith('.deb')).sort();
  return await Promise.all(files.map((file) => readPackage(join(directory, file))));
}

async function readPackage(file: string): Promise<DebianPackage> {
  const { stdout: control } = await run('dpkg-deb', ['--field', file]);
  const { stdout: archive } = await run('dpkg-deb', ['--fsys-tarfile', file], {
    encoding: 'buffer',
    maxBuffer: MAX_PACKAGE_BYTES,
  });
  return {
    name: field(control, 'Package'),
    version: field(control, 'Version'),
    control,
    entries: [...readTar(archive)],
  };
}

function field(control: string, name: string): string {
  const value = new RegExp(`^${name}: (.+)$`, 'm').exec(control)?.[1];
  if (value === undefined) {
    throw new Error(`A package's control file has no ${name}.`);
  }
  return value;
}
