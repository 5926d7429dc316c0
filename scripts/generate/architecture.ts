import { readFileSync } from 'node:fs';
import { importsUnder, roomOf } from '../architecture/imports.ts';
import { rooms } from '../architecture/rooms.ts';

const page = 'docs/architecture.md';
const begin = '<!-- diagram: begin (generated from the imports of src/) -->';
const end = '<!-- diagram: end -->';

/** docs/architecture.md with its diagram redrawn from what the code imports today. */
export function architectureDiagram(): ReadonlyMap<string, string> {
  const text = readFileSync(page, 'utf8');
  const start = text.indexOf(begin);
  const stop = text.indexOf(end);
  if (start < 0 || stop < start) {
    throw new Error(`${page} has lost its diagram markers`);
  }
  const diagram = `${begin}\n\n\`\`\`mermaid\n${mermaid()}\`\`\`\n\n`;
  return new Map([[page, text.slice(0, start) + diagram + text.slice(stop)]]);
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
