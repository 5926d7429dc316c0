import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../../errors.ts';
import { encodeSegment } from '../../storage/file-encoding.ts';
import type { TrustStore } from '../../tuf/client/trust-store.ts';
import { explainFileErrors } from '../output/file-errors.ts';

/**
 * Files of a TUF client in one directory: trusted metadata by role, or artifacts by path. Every name is one
 * file in it, with everything unusual percent-encoded.
 */
export class ClientDirectory implements TrustStore {
  readonly #directory: string;
  readonly #suffix: string;

  /** @param suffix end of every file's name; empty when absent */
  constructor(directory: string, suffix = '') {
    this.#directory = directory;
    this.#suffix = suffix;
  }

  read(name: string): Promise<Uint8Array | undefined> {
    const path = this.#path(name);
    return explainFileErrors(path, 'read', async () => {
      try {
        return await readFile(path);
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT') {
          return undefined;
        }
        throw error;
      }
    });
  }

  /**
   * Through a neighbouring file that is on the disk before it gets the name: a reader sees all of it or none.
   */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(name);
    // No name is encoded to this one: after % come only hexadecimal digits.
    const temporary = join(this.#directory, `%new-${process.pid}`);
    await explainFileErrors(this.#directory, 'created', () => createDirectory(this.#directory));
    await explainFileErrors(path, 'written', async () => {
      try {
        await writeFile(temporary, bytes, { flush: true });
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    });
  }

  async remove(name: string): Promise<void> {
    const path = this.#path(name);
    await explainFileErrors(path, 'removed', () => rm(path, { force: true }));
  }

  #path(name: string): string {
    // As they are, these two would be directories.
    const encoded = name === '.' || name === '..' ? name.replaceAll('.', '%2E') : encodeSegment(name);
    return join(this.#directory, `${encoded}${this.#suffix}`);
  }
}

/**
 * Creates a directory and those above it. Not with `recursive`: Node.js then tries for ever where the kernel
 * lets no process create anything, as below /proc.
 */
async function createDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) {
      return;
    }
    if (code !== 'ENOENT' || dirname(path) === path) {
      throw error;
    }
    await createDirectory(dirname(path));
    await mkdir(path);
  }
}
