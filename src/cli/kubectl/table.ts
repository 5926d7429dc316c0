import { stripVTControlCharacters } from 'node:util';

/**
 * Columns as kubectl prints them: three spaces apart, each as wide as its widest cell. Cells may hold colours; they
 * count for nothing. Lines carry no trailing spaces.
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = header.length === 0 ? rows : [header, ...rows];
  const widths: number[] = [];
  for (const line of lines) {
    line.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell));
    });
  }
  return lines
    .map((line) => {
      const cells = line.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)));
      return `${cells.join('   ').trimEnd()}\n`;
    })
    .join('');
}

/** Characters on the screen, near enough: code points without colour codes. */
function width(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
}
