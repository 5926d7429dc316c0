import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The files that reach a builder: everything below the directory that its .dockerignore does not exclude, as
 * Docker decides it: the last pattern that matches a path or one of its parents wins.
 *
 * @param directory the root of the build context
 * @returns paths relative to it, sorted
 */
export async function buildContext(directory: string): Promise<readonly string[]> {
  const patterns = parseDockerignore(await readFile(join(directory, '.dockerignore'), 'utf8'));
  // Where whole top-level entries are excluded and nothing below them comes back, their content is not even
  // listed.
  const top = await readdir(directory, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of top) {
    if (!entry.isDirectory()) {
      if (!isExcluded(entry.name, patterns)) {
        files.push(entry.name);
      }
      continue;
    }
    const comesBack = patterns.some(
      ({ negated, text }) => negated && (text === entry.name || text.startsWith(`${entry.name}/`)),
    );
    if (isExcluded(entry.name, patterns) && !comesBack) {
      continue;
    }
    for (const below of await readdir(join(directory, entry.name), {
      recursive: true,
      withFileTypes: true,
    })) {
      const path = join(below.parentPath, below.name).slice(directory.length).replace(/^\//, '');
      if (below.isFile() && !isExcluded(path, patterns)) {
        files.push(path);
      }
    }
  }
  return files.sort();
}

interface Pattern {
  readonly negated: boolean;
  readonly text: string;
  readonly matches: RegExp;
}

function parseDockerignore(text: string): readonly Pattern[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const negated = line.startsWith('!');
      const pattern = line.replace(/^!/, '').replace(/^\/|\/$/g, '');
      return { negated, text: pattern, matches: new RegExp(`^${glob(pattern)}$`) };
    });
}

/** `*` and `?` stay within a name, `**` crosses folders. */
function glob(pattern: string): string {
  return pattern.replace(/\*\*\/?|[*?]|[.+^${}()|[\]\\]/g, (found) => {
    if (found.startsWith('**')) {
      return '.*';
    }
    if (found === '*') {
      return '[^/]*';
    }
    return found === '?' ? '[^/]' : `\\${found}`;
  });
}

function isExcluded(path: string, patterns: readonly Pattern[]): boolean {
  const names = path.split('/');
  const prefixes = names.map((_, index) => names.slice(0, index + 1).join('/'));
  let excluded = false;
  for (const { negated, matches } of patterns) {
    if (prefixes.some((prefix) => matches.test(prefix))) {
      excluded = !negated;
    }
  }
  return excluded;
}
