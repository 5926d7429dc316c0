import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** One import statement of a source file. */
export interface Import {
  /** Importing file, relative to the repository root. */
  readonly from: string;
  /** Imported file relative to the repository root, or the bare package name. */
  readonly to: string;
  /** True when only types are imported: nothing of it exists at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

const importStatement =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\(\s*'([^']+)'\s*\)/gms;

/** Every import of every TypeScript file under `folder`, sorted by file and line. */
export function importsUnder(root: string, folder: string): Import[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .sort();
  return files.flatMap((name) => importsOf(root, join(folder, name)));
}

function importsOf(root: string, file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(importStatement)) {
    const specifier = match[2] ?? match[3];
    if (specifier === undefined) {
      continue;
    }
    const to = specifier.startsWith('.')
      ? relative(root, resolve(root, dirname(file), specifier))
      : specifier;
    const line = text.slice(0, match.index).split('\n').length;
    found.push({ from: file, to, typeOnly: match[1] !== undefined, line });
  }
  return found;
}

/** The room of a file under src/, or undefined for src/errors.ts and for packages. */
export function roomOf(path: string): string | undefined {
  const [top, room, ...rest] = path.split('/');
  return top === 'src' && room !== undefined && rest.length > 0 ? room : undefined;
}
