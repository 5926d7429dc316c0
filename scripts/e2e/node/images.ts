import { mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asset } from '../../../test/harness/assets.ts';
import { execute } from '../../demo/execute.ts';
import { BlobStore } from '../../image/blob-store.ts';
import { buildContext } from '../../image/build-context.ts';
import type { RunConfig } from '../../image/oci.ts';
import { storeImage, writeLayout } from '../../image/oci-layout.ts';
import { hostArchitecture } from '../../image/platform.ts';
import type { TarEntry } from '../../image/tar.ts';
import { findOnPath } from '../../setup/locate.mjs';
import { pausePath } from '../../setup/pause.mjs';
import { formerVersion } from '../former-version.ts';
import { pauseImage } from './node-files.ts';
import type { Archives } from './provider.ts';

/** Where `npm run image` puts the product's image, and what it calls it. */
const product = {
  archive: 'out/tuf-recovery-operator.oci.tar',
  repository: 'ghcr.io/tuf-recovery-operator/tuf-recovery-operator',
} as const;

/** Whether `npm run image` has to run: there is no image, or one of its sources has changed since. */
export async function isImageOutdated(root: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(join(root, product.archive));
    const files = [...(await buildContext(root)), 'Dockerfile', '.dockerignore'];
    const changes = await Promise.all(files.map(async (file) => (await stat(join(root, file))).mtimeMs));
    return changes.some((change) => change > mtimeMs);
  } catch {
    return true; // there is none
  }
}

/** What {@link imageArchives} makes. */
export interface ImageArchivesOptions {
  /** The clone. */
  readonly root: string;
  /** Where the archives that are made may lie. */
  readonly directory: string;
  /** Tag of the product's image. */
  readonly tag: string;
  /** Whether the former version's image is wanted, too. */
  readonly withFormer: boolean;
}

/**
 * The archives that nodes load: the product's image, and images of the programs that set-up installed, each
 * with the libraries it is linked with and nothing else.
 */
export async function imageArchives({
  root,
  directory,
  tag,
  withFormer,
}: ImageArchivesOptions): Promise<Archives> {
  const archive = join(root, product.archive);
  const redis = { image: 'localhost/redis:e2e', programs: [asset('redis-server'), redisCLI()] };
  const s3 = { image: 'localhost/versitygw:e2e', programs: [asset('versitygw')], entrypoint: true };
  const pause = { image: pauseImage, programs: [pausePath()], entrypoint: true };
  const paths = await Promise.all([redis, s3, pause].map((each) => programImage(each, directory)));
  const { repository } = product;
  const former = withFormer
    ? await formerVersion({ root, directory: join(directory, 'former'), base: archive, repository })
    : undefined;
  return {
    paths: [...paths, archive, ...(former === undefined ? [] : [former.archive])],
    images: { operator: { repository, tag }, redis: redis.image, s3: s3.image },
    former,
  };
}

function redisCLI(): string {
  const path = findOnPath('redis-cli');
  if (path === undefined) {
    throw new Error('redis-cli is missing; it comes with redis-server (Debian: redis-tools).');
  }
  return path;
}

interface ProgramImage {
  readonly image: string;
  readonly programs: readonly string[];
  /** Whether the first program is what the image runs. */
  readonly entrypoint?: boolean;
}

async function programImage(
  { image, programs, entrypoint = false }: ProgramImage,
  directory: string,
): Promise<string> {
  const name = image.replaceAll(/[^a-z]+/g, '-');
  const blobs = join(directory, name);
  await mkdir(blobs, { recursive: true });
  const store = new BlobStore(blobs);
  const entries = new Map<string, TarEntry>();
  for (const program of programs) {
    // Cached programs bear their version.
    const called = (program.split('/').at(-1) ?? '').replace(/-\d[\d.]*$/, '');
    add(entries, `usr/bin/${called}`, await realpath(program));
    for (const library of await libraries(program)) {
      add(entries, library.slice(1), await realpath(library));
    }
  }
  const layer = await store.layer(entries.values(), 0);
  const config: RunConfig = {
    User: '65532:65532',
    Env: ['PATH=/usr/bin'],
    ...(entrypoint ? { Entrypoint: [`/${[...entries.keys()].at(-1)}`] } : {}),
  };
  const parts = {
    architecture: hostArchitecture(),
    layers: [layer],
    config,
    history: [{ created_by: image }],
  };
  const manifest = await storeImage(store, parts, 0);
  const archive = join(directory, `${name}.tar`);
  await writeLayout(store, [manifest], image, archive, 0);
  return archive;
}

function add(entries: Map<string, TarEntry>, path: string, file: string): void {
  const parents = path.split('/').slice(0, -1);
  for (const [index] of parents.entries()) {
    const parent = parents.slice(0, index + 1).join('/');
    entries.set(parent, { path: parent, type: 'directory', mode: 0o755, uid: 0, gid: 0 });
  }
  entries.set(path, { path, type: 'file', mode: 0o755, uid: 0, gid: 0, content: { file } });
}

/** What the dynamic linker loads for a program; nothing for a static one. */
async function libraries(program: string): Promise<readonly string[]> {
  try {
    return [...(await execute('ldd', [program])).matchAll(/(?:^|\s)(\/\S+) \(0x/gm)].map(
      ([, path = '']) => path,
    );
  } catch {
    return []; // "not a dynamic executable"
  }
}
