import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { z } from 'zod';
import { type Descriptor, imageConfig, imageIndex, imageManifest } from './oci.ts';
import type { Architecture } from './platform.ts';
import { readTar } from './tar.ts';

/** The distroless Node.js image is 70 MB compressed, 200 MB unpacked. */
const MAX_BYTES = 1024 * 1024 * 1024;
/** An index may name indexes. */
const MAX_DEPTH = 4;

/** An image in a layout. */
export interface FoundImage {
  readonly config: z.infer<typeof imageConfig>;
  /** From the lowest. */
  readonly layers: readonly { readonly descriptor: Descriptor; readonly diffID: string }[];
}

/** The bytes of a file, decompressed where they are gzip. @throws Error above 1 GiB */
export async function readArchive(path: string): Promise<Uint8Array> {
  if ((await stat(path)).size > MAX_BYTES) {
    throw new Error(`${path} is larger than ${MAX_BYTES / 1024 ** 2} MiB.`);
  }
  return unzipped(await readFile(path));
}

/** gzip or not, by its first two bytes. */
export function unzipped(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
}

/** Reads an OCI image layout (image-layout.md). What it returns has the digest by which it was asked for. */
export class ImageLayout {
  readonly #path: string;
  readonly #read: (name: string) => Promise<Uint8Array | undefined>;

  private constructor(path: string, read: (name: string) => Promise<Uint8Array | undefined>) {
    this.#path = path;
    this.#read = read;
  }

  static directory(path: string): ImageLayout {
    return new ImageLayout(path, (name) => readFile(join(path, name)));
  }

  /** Undefined when the archive is no layout. */
  static archive(path: string, archive: Uint8Array): ImageLayout | undefined {
    const files = new Map<string, Uint8Array>();
    for (const entry of readTar(archive)) {
      if (entry.content instanceof Uint8Array) {
        files.set(entry.path, entry.content);
      }
    }
    return files.has('oci-layout') ? new ImageLayout(path, async (name) => files.get(name)) : undefined;
  }

  /** @throws Error when there is none for the platform */
  async image(architecture: Architecture): Promise<FoundImage> {
    const { manifests } = imageIndex.parse(parseJSON(await this.#file('index.json')));
    const found = await this.#find(manifests, architecture, 0);
    if (found === undefined) {
      throw new Error(`${this.#path} holds no image for linux/${architecture}.`);
    }
    return found;
  }

  async blob({ digest }: Descriptor): Promise<Uint8Array> {
    const bytes = await this.#file(`blobs/${digest.replace(':', '/')}`);
    if (digest !== `sha256:${createHash('sha256').update(bytes).digest('hex')}`) {
      throw new Error(`${this.#path}: ${digest} is damaged. Save it again.`);
    }
    return bytes;
  }

  async #file(name: string): Promise<Uint8Array> {
    const content = await this.#read(name);
    if (content === undefined) {
      throw new Error(`${this.#path} has no ${name}: it is incomplete. Save it again.`);
    }
    return content;
  }

  async #find(
    manifests: readonly Descriptor[],
    architecture: Architecture,
    depth: number,
  ): Promise<FoundImage | undefined> {
    for (const each of depth > MAX_DEPTH ? [] : manifests) {
      if (each.platform !== undefined && each.platform.architecture !== architecture) {
        continue;
      }
      const document = parseJSON(await this.blob(each));
      const index = imageIndex.safeParse(document);
      const found = index.success
        ? await this.#find(index.data.manifests, architecture, depth + 1)
        : await this.#image(imageManifest.parse(document), architecture);
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  async #image(
    manifest: z.infer<typeof imageManifest>,
    architecture: Architecture,
  ): Promise<FoundImage | undefined> {
    // Attestations look like images, but their configuration is none.
    const config = imageConfig.safeParse(parseJSON(await this.blob(manifest.config)));
    if (!config.success || config.data.architecture !== architecture) {
      return undefined;
    }
    const { diff_ids } = config.data.rootfs;
    const layers = manifest.layers.flatMap((descriptor, at) => {
      const diffID = diff_ids[at];
      return diffID === undefined ? [] : [{ descriptor, diffID }];
    });
    if (layers.length !== diff_ids.length || layers.length !== manifest.layers.length) {
      throw new Error(`${this.#path}: manifest and configuration name different layers. Save it again.`);
    }
    return { config: config.data, layers };
  }
}

function parseJSON(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString('utf8'));
}
