import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Descriptor, LAYER, type Layer } from './oci.ts';
import { type TarEntry, writeTar } from './tar.ts';

/** The blobs of a layout in the making: files in one directory, each named by its digest. */
export class BlobStore {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(digest: string): string {
    return join(this.directory, digest.replace(/^sha256:/, ''));
  }

  /** All of them, sorted. */
  async digests(): Promise<readonly string[]> {
    return (await readdir(this.directory)).sort().map((name) => `sha256:${name}`);
  }

  /** Stores an object as JSON. */
  async json(mediaType: string, value: object): Promise<Descriptor> {
    const bytes = Buffer.from(JSON.stringify(value));
    return await this.bytes(mediaType, bytes);
  }

  /** Stores bytes as they are. */
  async bytes(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await writeFile(this.path(digest), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** Stores entries as a compressed layer. */
  async layer(entries: Iterable<TarEntry>, mtime: number): Promise<Layer> {
    return await this.compress(writeTar(entries, mtime));
  }

  /** Stores an archive as a compressed layer. */
  async compress(archive: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Layer> {
    const content = createHash('sha256');
    const blob = createHash('sha256');
    let size = 0;
    const unfinished = join(this.directory, `unfinished-${process.hrtime.bigint()}`);
    await pipeline(
      Readable.from(archive),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          content.update(chunk);
          yield chunk;
        }
      },
      createGzip({ level: 9 }),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          blob.update(chunk);
          size += chunk.length;
          yield chunk;
        }
      },
      createWriteStream(unfinished),
    );
    const digest = `sha256:${blob.digest('hex')}`;
    await rename(unfinished, this.path(digest));
    return { blob: { mediaType: LAYER, digest, size }, diffID: `sha256:${content.digest('hex')}` };
  }
}
