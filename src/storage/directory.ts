import { constants } from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { RecoveryError, TerminalError, TransientError } from '../errors.ts';
import { decodeSegment, encodeSegment } from './file-encoding.ts';
import type { GetOptions, ListedObject, MetadataSource } from './source.ts';

/** How many files are looked at side by side while listing. */
const STATS_AT_ONCE = 64;

/**
 * A repository in a directory, for example a copy of a bucket's prefix. Each file is one object, named like it
 * with everything unusual percent-encoded (`/` is `%2F`); its mtime is the object's `lastModified`.
 * Sub-directories are not looked into. Symbolic links are followed only while they stay inside the directory.
 */
export class DirectorySource implements MetadataSource {
  readonly location: string;

  /** @param directory path of the directory */
  constructor(directory: string) {
    this.location = directory;
  }

  async list(signal?: AbortSignal): Promise<readonly ListedObject[]> {
    try {
      const entries = await readdir(this.location, { withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink());
      const listed: ListedObject[] = [];
      for (let i = 0; i < files.length; i += STATS_AT_ONCE) {
        signal?.throwIfAborted();
        const batch = files.slice(i, i + STATS_AT_ONCE);
        listed.push(...(await Promise.all(batch.map(({ name }) => this.#describe(name)))));
      }
      return listed;
    } catch (error) {
      throw this.#explain(error, this.location, signal);
    }
  }

  async get(name: string, { maxBytes, signal }: GetOptions): Promise<Uint8Array> {
    let file: FileHandle | undefined;
    try {
      signal?.throwIfAborted();
      file = await this.#open(name);
      const { size } = await file.stat();
      const bytes = size > maxBytes ? undefined : await file.readFile();
      // The file may have grown since its size was asked for.
      if (bytes === undefined || bytes.length > maxBytes)
        throw new TerminalError(
          'TooLarge',
          `${this.location}: ${name} is larger than the ${maxBytes} bytes allowed; it is not genuine metadata.`,
        );
      return bytes;
    } catch (error) {
      throw this.#explain(error, name, signal);
    } finally {
      await file?.close();
    }
  }

  async #describe(file: string): Promise<ListedObject> {
    const { size, mtime } = await stat(join(this.location, file));
    return { name: decodeSegment(file), size, lastModified: mtime };
  }

  /** Opens the encoded name; a file that was put there under its plain name is found as well. */
  async #open(name: string): Promise<FileHandle> {
    const encoded = encodeSegment(name);
    try {
      return await this.#openInside(encoded);
    } catch (error) {
      const plain = !name.includes('/') && !name.includes(sep) && !name.includes('\0') && name !== encoded;
      if (!plain || !hasCode(error, 'ENOENT')) throw error;
      return await this.#openInside(name);
    }
  }

  async #openInside(file: string): Promise<FileHandle> {
    const path = join(this.location, file);
    try {
      return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (!hasCode(error, 'ELOOP')) throw error;
      const [directory, target] = await Promise.all([realpath(this.location), realpath(path)]);
      if (!target.startsWith(directory + sep))
        throw new TerminalError(
          'AccessDenied',
          `${this.location}: ${file} is a symbolic link that leads out of the directory; replace it by the file.`,
          { cause: error },
        );
      return await open(target, constants.O_RDONLY | constants.O_NOFOLLOW);
    }
  }

  #explain(error: unknown, what: string, signal: AbortSignal | undefined): unknown {
    if (error instanceof RecoveryError || signal?.aborted === true) return error;
    const at = what === this.location ? what : `${this.location}: ${what}`;
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENAMETOOLONG'))
      return new TerminalError('NotFound', `${at} does not exist; check the path.`, { cause: error });
    if (hasCode(error, 'ENOTDIR') || hasCode(error, 'EISDIR') || hasCode(error, 'ELOOP'))
      return new TerminalError('InvalidSource', `${at} is not what was expected there; check the path.`, {
        cause: error,
      });
    if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM'))
      return new TerminalError('AccessDenied', `${at} can’t be read; check its permissions.`, {
        cause: error,
      });
    if (
      hasCode(error, 'EMFILE') ||
      hasCode(error, 'ENFILE') ||
      hasCode(error, 'EIO') ||
      hasCode(error, 'EBUSY')
    )
      return new TransientError('StorageUnreachable', `${at} could not be read just now; try again.`, {
        cause: error,
      });
    return error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
