import { readFile } from 'node:fs/promises';
import { type Fence, readPage } from '../../scripts/checks/markdown.ts';

/** One thing a reader does with a page, in order. */
export type Step =
  /** `<!-- values -->`: lines `export NAME=…` that a reader puts own values into. */
  | { readonly kind: 'values'; readonly names: readonly string[]; readonly where: string }
  /** `<!-- run -->` or `<!-- run: exit 2 -->`: commands that are run exactly as written. */
  | { readonly kind: 'run'; readonly script: string; readonly exit: number; readonly where: string }
  /** `<!-- prints -->`: lines that the commands before it print, in this order. */
  | { readonly kind: 'prints'; readonly lines: readonly string[]; readonly where: string };

/**
 * What a page asks its reader to do, from its marked blocks.
 *
 * @param section only the part under this heading, up to the next heading of the same or a higher level
 */
export async function transcriptOf(file: string, section?: string): Promise<readonly Step[]> {
  const text = await readFile(file, 'utf8');
  const part = section === undefined ? text : sectionOf(text, section, file);
  return readPage(part).fences.flatMap((fence) => stepOf(fence, file));
}

function sectionOf(text: string, section: string, file: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === section);
  const level = /^#+/.exec(lines[start] ?? '')?.[0].length;
  if (level === undefined) {
    throw new Error(`${file} has no heading "${section}".`);
  }
  const end = lines.findIndex(
    (line, index) => index > start && (/^(#+) /.exec(line)?.[1]?.length ?? Infinity) <= level,
  );
  // Blank lines in front keep the numbers of lines right.
  return [...lines.slice(0, start).fill(''), ...lines.slice(start, end === -1 ? undefined : end)].join('\n');
}

function stepOf({ code, directive = '', line }: Fence, file: string): readonly Step[] {
  const where = `${file}:${line}`;
  const exit = /^run(?:: exit (\d+))?$/.exec(directive);
  if (exit !== null) {
    return [{ kind: 'run', script: code, exit: Number(exit[1] ?? 0), where }];
  }
  if (directive === 'values') {
    return [
      {
        kind: 'values',
        names: [...code.matchAll(/\b([A-Z][A-Z0-9_]*)=/g)].map(([, name = '']) => name),
        where,
      },
    ];
  }
  if (directive === 'prints') {
    return [{ kind: 'prints', lines: code.split('\n'), where }];
  }
  return [];
}
