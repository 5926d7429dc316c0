import { readFile } from 'node:fs/promises';
import { embeddedFiles } from '../../embedded-files.ts';
import { TerminalError } from '../../errors.ts';

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

/** What `npm run build` makes of src/dashboard/page, and the path the page has each under. */
const files = [
  ['', 'index.html', 'text/html; charset=utf-8'],
  ['main.js', 'main.js', 'text/javascript; charset=utf-8'],
  ['main.css', 'main.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'icon.svg', 'image/svg+xml'],
] as const;

/** The built page: beside the bundle, or for sources where the build puts it. */
const places = ['./dashboard/', '../../../dist/dashboard/'].map((path) => new URL(path, import.meta.url));

/**
 * Reads the page into memory, by path.
 *
 * @throws {TerminalError} `InvalidInput` when it is not built.
 */
export async function readPage(directories: readonly URL[] = places): Promise<ReadonlyMap<string, PageFile>> {
  for (const directory of directories) {
    try {
      const read = files.map(async ([path, name, type]) => {
        const embedded = embeddedFiles.get(`dashboard/${name}`);
        const body =
          embedded === undefined ? await readFile(new URL(name, directory)) : Buffer.from(embedded);
        return [path, { type, body }] as const;
      });
      return new Map(await Promise.all(read));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
        throw error;
      }
    }
  }
  throw new TerminalError(
    'InvalidInput',
    'The page of the dashboard is not built. In the clone of the repository, run: npm run build',
  );
}
