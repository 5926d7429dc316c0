import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BlobStore } from './blob-store.ts';
import {
  CONFIG,
  type Descriptor,
  type HistoryEntry,
  INDEX,
  type Layer,
  MANIFEST,
  type RunConfig,
} from './oci.ts';
import type { Architecture } from './platform.ts';
import { type TarEntry, writeTar } from './tar.ts';

/** What one image consists of. */
export interface ImageParts {
  readonly architecture: Architecture;
  readonly layers: readonly Layer[];
  readonly config: RunConfig;
  readonly history: readonly HistoryEntry[];
}

/** Stores configuration and manifest of an image. @returns its manifest */
export async function storeImage(store: BlobStore, parts: ImageParts, mtime: number): Promise<Descriptor> {
  const created = new Date(mtime * 1000).toISOString();
  const config = await store.json(CONFIG, {
    created,
    architecture: parts.architecture,
    os: 'linux',
    config: parts.config,
    rootfs: { type: 'layers', diff_ids: parts.layers.map(({ diffID }) => diffID) },
    history: parts.history.map((entry) => ({ created, ...entry })),
  });
  const manifest = await store.json(MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config,
    layers: parts.layers.map(({ blob }) => blob),
  });
  return { ...manifest, platform: { os: 'linux', architecture: parts.architecture } };
}

/**
 * An OCI image layout as an archive (image-layout.md), as `ctr images import`, `podman load`, `skopeo copy
 * oci-archive:` and `docker load` take it.
 *
 * @param manifests one per platform
 * @param name what the image is called once it is loaded, a full reference with registry and tag
 */
export async function writeLayout(
  store: BlobStore,
  manifests: readonly Descriptor[],
  name: string,
  output: string,
  mtime: number,
): Promise<Descriptor> {
  const [only] = manifests;
  const image =
    manifests.length === 1 && only !== undefined
      ? only
      : await store.json(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });
  const annotations = {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': name.replace(/^.*:/, ''),
  };
  const index = { schemaVersion: 2, mediaType: INDEX, manifests: [{ ...image, annotations }] };
  const blobs = await store.digests();
  const file = (path: string, content: NonNullable<TarEntry['content']>): TarEntry => ({
    ...{ path, type: 'file', mode: 0o644, uid: 0, gid: 0, content },
  });
  const directory = (path: string): TarEntry => ({ path, type: 'directory', mode: 0o755, uid: 0, gid: 0 });
  const entries = [
    file('oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }))),
    file('index.json', Buffer.from(JSON.stringify(index))),
    directory('blobs'),
    directory('blobs/sha256'),
    ...blobs.map((digest) => file(`blobs/${digest.replace(':', '/')}`, { file: store.path(digest) })),
  ];
  await pipeline(Readable.from(writeTar(entries, mtime)), createWriteStream(`${output}.part`));
  await rename(`${output}.part`, output);
  return image;
}
