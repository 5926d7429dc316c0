import { basename, dirname } from 'node:path';
import { ImageLayout, readArchive, unzipped } from './image-layout.ts';
import type { RunConfig } from './oci.ts';
import type { Architecture } from './platform.ts';
import { readTar, type TarEntry } from './tar.ts';

const MAX_COMPRESSED_BYTES = 60_000_000;
const USER = '65532:65532';
const SHELLS = new Set([
  'sh',
  'ash',
  'bash',
  'busybox',
  'csh',
  'dash',
  'fish',
  'ksh',
  'tcsh',
  'toybox',
  'zsh',
]);
const PACKAGE_MANAGERS = new Set([
  ...[
    'apk',
    'apt',
    'apt-get',
    'aptitude',
    'dnf',
    'dpkg',
    'microdnf',
    'opkg',
    'pacman',
    'rpm',
    'yum',
    'zypper',
  ],
  ...['corepack', 'npm', 'npx', 'pip', 'pip3', 'pnpm', 'yarn'],
]);

/** An image as a container would see it. */
export interface Contents {
  readonly config: RunConfig;
  /** By path, after every layer. */
  readonly files: ReadonlyMap<string, TarEntry>;
  /** Of the layers, compressed. */
  readonly bytes: number;
}

/** What is in an image archive for a platform. */
export async function readImage(path: string, architecture: Architecture): Promise<Contents> {
  const layout = ImageLayout.archive(path, await readArchive(path));
  if (layout === undefined) {
    throw new Error(`${path} is no OCI layout.`);
  }
  const image = await layout.image(architecture);
  const files = new Map<string, TarEntry>();
  let bytes = 0;
  for (const { descriptor } of image.layers) {
    bytes += descriptor.size;
    for (const entry of readTar(unzipped(await layout.blob(descriptor)))) {
      remove(files, entry.path);
      if (!basename(entry.path).startsWith('.wh.')) {
        files.set(entry.path, entry);
      }
    }
  }
  return { config: image.config.config ?? {}, files, bytes };
}

/**
 * What the image promises and does not keep, one line each: at most 60 MB, one user that is a number, no
 * shell, no package manager, nothing that raises rights, an entry point that is there.
 */
export function brokenPromises({ config, files, bytes }: Contents): readonly string[] {
  const broken: string[] = [];
  if (bytes > MAX_COMPRESSED_BYTES) {
    broken.push(
      `its layers are ${(bytes / 1e6).toFixed(1)} MB compressed, more than ${MAX_COMPRESSED_BYTES / 1e6} MB`,
    );
  }
  if (config.User !== USER) {
    broken.push(`it runs as ${config.User ?? 'root'}, not as ${USER}`);
  }
  for (const [path, entry] of files) {
    if (entry.type !== 'directory' && /(^|\/)s?bin$/.test(dirname(path))) {
      if (SHELLS.has(basename(path))) {
        broken.push(`it holds a shell: /${path}`);
      }
      if (PACKAGE_MANAGERS.has(basename(path))) {
        broken.push(`it holds a package manager: /${path}`);
      }
    }
    if (entry.hasCapabilities || (entry.type !== 'directory' && (entry.mode & 0o6000) !== 0)) {
      broken.push(`it holds a file that raises the rights of the user who runs it: /${path}`);
    }
    if (entry.type === 'file' && (entry.mode & 0o002) !== 0) {
      broken.push(`it holds a file that every user may write: /${path}`);
    }
  }
  const [program = '', ...args] = config.Entrypoint ?? [];
  for (const path of [program, ...args.filter((each) => each.startsWith('/'))]) {
    if (!files.has(path.slice(1))) {
      broken.push(`its entry point names ${path}, which is not in it`);
    }
  }
  return broken;
}

/** Takes away what a later layer replaces or removes (layer.md, whiteouts). */
function remove(files: Map<string, TarEntry>, path: string): void {
  const name = basename(path);
  const directory = dirname(path) === '.' ? '' : `${dirname(path)}/`;
  if (name === '.wh..wh..opq') {
    removeBelow(files, directory);
  } else if (name.startsWith('.wh.')) {
    const target = `${directory}${name.slice('.wh.'.length)}`;
    files.delete(target);
    removeBelow(files, `${target}/`);
  }
}

function removeBelow(files: Map<string, TarEntry>, prefix: string): void {
  for (const path of files.keys()) {
    if (path.startsWith(prefix)) {
      files.delete(path);
    }
  }
}
