import { cellLines, cellWidth, cutCell } from './cell.ts';

const GAP = 2;
/** A column is never narrower than this, however small the terminal: its head stays readable. */
const MIN_WIDTH = 8;

/**
 * Lays out rows in columns, two spaces apart, without trailing spaces. Cells may hold escape sequences of
 * colours; wide characters count as one, which misaligns such a row and breaks nothing.
 *
 * @param columns of the terminal: the widest cells get several lines until every row fits; absent for a pipe
 *   or file
 * @param indent spaces before each row
 * @param sentences in a list, a cell that is no single word may be cut with "…", so that its rows stay rows
 */
export function tableText(
  rows: readonly (readonly string[])[],
  columns?: number,
  indent = 2,
  sentences: 'wrap' | 'cut' = 'wrap',
): string {
  const natural: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      natural[column] = Math.max(natural[column] ?? 0, cellWidth(cell));
    }
  }
  const widths = columns === undefined ? natural : fitted(natural, columns - indent);
  const linesOf = (cell: string, width: number): readonly string[] =>
    sentences === 'cut' && cell.includes(' ') ? [cutCell(cell, width)] : cellLines(cell, width);
  const lines = rows.flatMap((row) => {
    const cells = row.map((cell, column) => linesOf(cell, widths[column] ?? 0));
    const height = Math.max(...cells.map((each) => each.length));
    return Array.from({ length: height }, (_, line) =>
      cells
        .map((cell, column) => padded(cell[line] ?? '', widths[column] ?? 0))
        .join(' '.repeat(GAP))
        .trimEnd(),
    );
  });
  return lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
}

/** Takes from the widest column until the sum fits, or nothing is left to take. */
function fitted(natural: readonly number[], available: number): number[] {
  const widths = [...natural];
  const gaps = GAP * Math.max(0, widths.length - 1);
  for (;;) {
    const excess = widths.reduce((sum, each) => sum + each, gaps) - available;
    const widest = Math.max(...widths);
    if (excess <= 0 || widest <= MIN_WIDTH) {
      return widths;
    }
    const second = Math.max(MIN_WIDTH, ...widths.filter((each) => each < widest));
    const column = widths.indexOf(widest);
    widths[column] = Math.max(widest - excess, Math.min(second, widest - 1));
  }
}

function padded(cell: string, to: number): string {
  return cell + ' '.repeat(Math.max(0, to - cellWidth(cell)));
}
