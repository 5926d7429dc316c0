import { stat } from 'node:fs/promises';
import type { Base } from './base.ts';
import type { BlobStore } from './blob-store.ts';
import { ImageLayout, readArchive } from './image-layout.ts';
import { LAYER, type Layer } from './oci.ts';
import type { Architecture } from './platform.ts';
import { readTar } from './tar.ts';

/** OCI's and Docker's media types of a compressed layer. */
const GZIP = /[.+]gzip$/;

/**
 * A base image from a file: an OCI layout (a directory, or an archive as `docker save`,
 * `skopeo copy … oci-archive:` and `npm run image` write it) or an archive of a root file system, either
 * compressed with gzip or not.
 *
 * @throws Error when it is neither, holds no image for the platform, or a blob does not have its digest
 */
export async function givenBase(store: BlobStore, path: string, architecture: Architecture): Promise<Base> {
  if ((await stat(path)).isDirectory()) {
    return await fromLayout(store, ImageLayout.directory(path), architecture);
  }
  const archive = await readArchive(path);
  const layout = ImageLayout.archive(path, archive);
  if (layout !== undefined) {
    return await fromLayout(store, layout, architecture);
  }
  if (readTar(archive).next().done) {
    throw new Error(`${path} holds no files: give an OCI layout or an archive of a root file system.`);
  }
  const layer = await store.compress([archive]);
  return {
    ...{ layers: [layer], config: {}, components: [] },
    history: [{ created_by: 'a given root file system' }],
  };
}

async function fromLayout(store: BlobStore, layout: ImageLayout, architecture: Architecture): Promise<Base> {
  const image = await layout.image(architecture);
  const { config = {}, history = [] } = image.config;
  const layers: Layer[] = [];
  for (const { descriptor, diffID } of image.layers) {
    const bytes = await layout.blob(descriptor);
    // Docker saves layers as they are; they become smaller here.
    layers.push(
      GZIP.test(descriptor.mediaType)
        ? { blob: await store.bytes(LAYER, bytes), diffID }
        : await store.compress([bytes]),
    );
  }
  return { layers, config, history, components: [] };
}
