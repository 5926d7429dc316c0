import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page, readPage } from './markdown.ts';

/** Everything a person may read, relative to the root of the repository. */
const patterns = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/**/*.md',
  'charts/**/README.md',
  'examples/**/*.md',
  'bench/**/README.md',
  'src/**/README.md',
  'test/harness/README.md',
  'test/substrate/README.md',
];

/** Every page by its path below `root`, in order of name. */
export function pagesBelow(root: string): ReadonlyMap<string, Page> {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
  return new Map(files.map((file) => [file, pageAt(root, file)]));
}

function pageAt(root: string, file: string): Page {
  try {
    return readPage(readFileSync(join(root, file), 'utf8'));
  } catch (error) {
    throw new Error(`${file} can't be read as a page.`, { cause: error });
  }
}

/** Whether something lies at this path. */
export function exists(root: string, path: string): boolean {
  return existsSync(join(root, path));
}
