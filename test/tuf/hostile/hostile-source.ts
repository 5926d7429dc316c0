import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectorySource } from '../../../src/storage/directory.ts';
import { encodeSegment } from '../../../src/storage/file-encoding.ts';
import type { GetOptions, ListedObject, MetadataSource } from '../../../src/storage/source.ts';

/** Objects of one page of a listing, as S3 gives them. */
const PAGE = 1000;

/**
 * A bucket whose objects are planted: files in a directory, and names that are listed and hold nothing.
 * Nothing of it is in memory while it is verified.
 */
export class HostileSource implements MetadataSource, Disposable {
  readonly location = 'hostile';
  /** Names and sizes as they are listed; the file may be another by then. */
  readonly sizes = new Map<string, number>();
  readonly #listed: (() => Iterable<ListedObject>)[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'hostile-bucket-'));
  readonly #files = new DirectorySource(this.#directory);

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    for (const [name, bytes] of files) {
      this.plant(name, bytes);
    }
  }

  plant(name: string, content: Uint8Array | string, listedSize?: number): this {
    const bytes = Buffer.from(content);
    writeFileSync(join(this.#directory, encodeSegment(name)), bytes);
    this.sizes.set(name, listedSize ?? bytes.length);
    return this;
  }

  /** Lists an object that is not there any more when it is read. */
  vanish(name: string): this {
    rmSync(join(this.#directory, encodeSegment(name)));
    return this;
  }

  plantNames(count: number, nameOf: (index: number) => string, size = 2): this {
    this.#listed.push(function* () {
      for (let i = 0; i < count; i++) {
        yield { name: nameOf(i), size, lastModified: new Date(i * 1000) };
      }
    });
    return this;
  }

  async *list(): AsyncGenerator<readonly ListedObject[]> {
    let page: ListedObject[] = [];
    for (const object of this.objects()) {
      page.push(object);
      if (page.length === PAGE) {
        yield page;
        page = [];
        await new Promise(setImmediate);
      }
    }
    yield page;
  }

  *objects(): Generator<ListedObject, undefined> {
    for (const [name, size] of this.sizes) {
      yield { name, size, lastModified: new Date(0) };
    }
    for (const names of this.#listed) {
      yield* names();
    }
  }

  get(name: string, options: GetOptions): Promise<Uint8Array> {
    return this.#files.get(name, options);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
