import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { TarEntry } from './tar.ts';

/**
 * A directory's content as entries of a layer: sorted, owned by root, readable by all and writable by none
 * but the owner, so that neither the umask nor the user who builds shows.
 *
 * @throws Error for anything but files and directories
 */
export async function directoryEntries(root: string): Promise<readonly TarEntry[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const entries = found.map((each): TarEntry => {
    const file = join(each.parentPath, each.name);
    const common = { path: relative(root, file), uid: 0, gid: 0 };
    if (each.isDirectory()) {
      return { ...common, type: 'directory', mode: 0o755 };
    }
    if (each.isFile()) {
      return { ...common, type: 'file', mode: 0o644, content: { file } };
    }
    throw new Error(`${file} is neither a file nor a directory.`);
  });
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}
