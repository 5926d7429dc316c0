import { TerminalError } from '../../../src/errors.ts';
import type { GetOptions, ListedObject, MetadataSource } from '../../../src/storage/source.ts';

/** A bucket held in memory that counts what is asked of it. */
export class MemorySource implements MetadataSource {
  readonly location = 'memory';
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Names in the order in which they were read. */
  readonly reads: string[] = [];
  lists = 0;

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.files = files;
  }

  async *list(): AsyncGenerator<readonly ListedObject[]> {
    this.lists++;
    yield [...this.files].map(([name, { length }]) => ({ name, size: length, lastModified: new Date(0) }));
  }

  async get(name: string, { maxBytes }: GetOptions): Promise<Uint8Array> {
    this.reads.push(name);
    const bytes = this.files.get(name);
    if (bytes === undefined) {
      throw new TerminalError('NotFound', `${name} does not exist`);
    }
    if (bytes.length > maxBytes) {
      throw new TerminalError('TooLarge', `${name} is too large`);
    }
    return Uint8Array.from(bytes);
  }
}
