import { readFileSync } from 'node:fs';
import { folders } from '../architecture/folders.ts';
import { importsUnder, roomOf } from '../architecture/imports.ts';
import { rooms } from '../architecture/rooms.ts';

const page = 'docs/architecture.md';
/**
 * docs/architecture.md with its diagram and its table of folders redrawn from what the code imports today.
 */
export function architectureDiagram(): ReadonlyMap<string, string> {
  const drawn = replaced(
    readFileSync(page, 'utf8'),
    'diagram',
    'the imports of src/',
    `\`\`\`mermaid\n${mermaid()}\`\`\`\n`,
  );
  return new Map([[page, replaced(drawn, 'folders', 'scripts/architecture/folders.ts', folderTable())]]);
}

/** The page with other content between the markers of that name. */
function replaced(text: string, name: string, origin: string, content: string): string {
  const begin = `<!-- ${name}: begin (generated from ${origin}) -->`;
  const start = text.indexOf(begin);
  const stop = text.indexOf(`<!-- ${name}: end -->`);
  if (start < 0 || stop < start) {
    throw new Error(`${page} has lost its ${name} markers`);
  }
  return `${text.slice(0, start)}${begin}\n\n${content}\n${text.slice(stop)}`;
}

function folderTable(): string {
  const rows = Object.entries(folders).map(([folder, purpose]) => `| \`${folder}\` | ${purpose} |`);
  return `| folder | what it is about |\n| --- | --- |\n${rows.join('\n')}\n`;
}

function mermaid(): string {
  const arrows = new Map<string, boolean>();
  for (const found of importsUnder(process.cwd(), 'src')) {
    const from = roomOf(found.from);
    const to = roomOf(found.to);
    if (from === undefined || to === undefined || from === to) {
      continue;
    }
    const arrow = `${from} ${to}`;
    arrows.set(arrow, (arrows.get(arrow) ?? true) && found.typeOnly);
  }
  const lines = ['flowchart TD'];
  for (const [name, room] of Object.entries(rooms)) {
    lines.push(`  ${name}["<b>src/${name}</b><br/>${room.purpose}"]`);
  }
  for (const [arrow, typeOnly] of [...arrows].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [from, to] = arrow.split(' ');
    lines.push(`  ${from} ${typeOnly ? '-.->' : '-->'} ${to}`);
  }
  return `${lines.join('\n')}\n`;
}
