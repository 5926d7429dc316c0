import { execFile } from 'node:child_process';
import { createWriteStream, lstatSync } from 'node:fs';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { buildImage } from '../../scripts/image/build-image.ts';
import { readImage } from '../../scripts/image/check-image.ts';
import { differences } from '../../scripts/image/compare-images.ts';
import { hostArchitecture } from '../../scripts/image/platform.ts';
import { buildProgramFiles, readDockerfile } from '../../scripts/image/program-files.ts';
import { type TarEntry, writeTar } from '../../scripts/image/tar.ts';
import { findOnPath } from '../../scripts/setup/locate.mjs';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

// A real builder follows the Dockerfile, npm ci included. Its base images can't be pulled everywhere, so
// others stand in for them: the build stage's is this machine's own /usr with Node.js 24. Needs the network
// for npm ci.

const unable = reasonNotTo();

test.skipIf(unable !== undefined)(
  `buildah makes the same program of the Dockerfile as npm run image${unable === undefined ? '' : ` (${unable})`}`,
  { timeout: 900_000 },
  async () => {
    await using directory = await temporaryDirectory('buildah');
    const at = (name: string): string => join(directory.path, name);
    const storage = [`--root=${at('storage')}`, `--runroot=${at('run')}`, '--storage-driver=vfs'];
    const buildah = async (...args: readonly string[]): Promise<string> =>
      (await promisify(execFile)('buildah', [...storage, ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout;
    const standIn = async (name: string, entries: readonly TarEntry[], ...config: readonly string[]) => {
      await pipeline(Readable.from(writeTar(entries, 0)), createWriteStream(at(`${name}.tar`)));
      const container = (await buildah('from', 'scratch')).trim();
      await buildah('add', '--quiet', container, at(`${name}.tar`), '/');
      await buildah('config', ...config, container);
      await buildah('commit', '--quiet', '--rm', container, `localhost/${name}`);
    };
    const node = await realpath(process.execPath);
    await standIn(
      'node',
      [
        ...['bin', 'sbin', 'lib', 'lib64'].map((path) => link(path, `usr/${path}`)),
        ...['etc', 'opt', 'root', 'tmp', 'usr', 'var'].map(folder),
        program('opt/node', node),
      ],
      '--env=PATH=/opt:/usr/bin:/bin',
      '--env=NPM_CONFIG_CAFILE=/etc/ssl/certs/ca-certificates.crt',
    );
    await standIn('base', [folder('nodejs'), folder('nodejs/bin'), program('nodejs/bin/node', node)]);

    const { builds, last } = await readDockerfile(process.cwd());
    let text = (await readFile('Dockerfile', 'utf8')).replace('--platform=$BUILDPLATFORM ', '');
    text = text.replace(builds[0]?.from ?? '', 'localhost/node').replace(last.from, 'localhost/base');
    await writeFile(at('Dockerfile'), text);
    await buildah(
      ...['bud', '--quiet', '--pull-never', '--isolation=chroot', '--layers=false', '--timestamp=0'],
      ...['--volume=/usr:/usr:ro', '--volume=/etc/ssl/certs:/etc/ssl/certs:ro', '--ignorefile=.dockerignore'],
      ...[`--file=${at('Dockerfile')}`, '--tag=localhost/built', '.'],
    );
    await buildah('push', '--quiet', 'localhost/built', `oci-archive:${at('buildah.tar')}`);

    await mkdir(at('work'));
    await buildProgramFiles({ builds, last }, process.cwd(), at('work'), at('files'));
    const architecture = hostArchitecture();
    await buildImage({
      ...{ stages: { builds, last }, files: at('files'), base: at('base.tar'), output: at('ours.tar') },
      ...{ architectures: [architecture], name: 'ours:1', mirror: '', nodeVersion: '', mtime: 0 },
    });
    const [theirs, ours] = [
      await readImage(at('buildah.tar'), architecture),
      await readImage(at('ours.tar'), architecture),
    ];
    expect([...theirs.files.keys()]).toContain('app/tuf-recovery.js');
    expect(differences(theirs, ours, 'app')).toEqual([]);
  },
);

function folder(path: string): TarEntry {
  return { path, type: 'directory', mode: path === 'tmp' ? 0o1777 : 0o755, uid: 0, gid: 0 };
}

function link(path: string, target: string): TarEntry {
  return { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, target };
}

function program(path: string, file: string): TarEntry {
  return { path, type: 'file', mode: 0o755, uid: 0, gid: 0, content: { file } };
}

function reasonNotTo(): string | undefined {
  if (findOnPath('buildah') === undefined) {
    return 'skipped: buildah is not on PATH';
  }
  if (process.getuid?.() !== 0) {
    return 'skipped: buildah would need rights of its own; run as root';
  }
  return lstatSync('/bin').isSymbolicLink() ? undefined : 'skipped: /bin is not part of /usr here';
}
