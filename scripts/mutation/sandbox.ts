import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

const left: ReadonlySet<string> = new Set(['node_modules', '.git', 'dist', 'out']);

/** A directory for changed copies of the repository, with the recorded data beside them. */
export async function temporaryCopies(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'mutation-'));
  await symlink(join(dirname(root), 'shared'), join(path, 'shared'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A copy of the repository in `directory`, on the same dependencies. */
export async function copyRepository(directory: string): Promise<string> {
  const copy = await mkdtemp(join(directory, 'copy-'));
  await cp(root, copy, { recursive: true, filter: (source) => !left.has(basename(source)) });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}
