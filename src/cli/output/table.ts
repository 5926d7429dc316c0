import { stripVTControlCharacters } from 'node:util';

/**
 * Lays out rows in columns, two spaces apart, without trailing spaces. Cells may hold escape sequences of colours; wide
 * characters count as one, which misaligns such a row and breaks nothing.
 *
 * @param indent spaces before each row
 */
export function table(rows: readonly (readonly string[])[], indent = 2): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, width(cell));
    }
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
}

function width(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
