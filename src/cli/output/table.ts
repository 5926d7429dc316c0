import { stripVTControlCharacters } from 'node:util';

const GAP = 2;
/** A column is never narrower than this, however small the terminal: its head stays readable. */
const MIN_WIDTH = 8;
// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what a colour begins with
const ESCAPE_SEQUENCE = /^\u001b\[[0-9;]*m/;

/**
 * Lays out rows in columns, two spaces apart, without trailing spaces. Cells may hold escape sequences of
 * colours; wide characters count as one, which misaligns such a row and breaks nothing.
 *
 * @param columns of the terminal: the widest cells are cut with "…" until every row fits; absent for a pipe
 *   or file
 * @param indent spaces before each row
 */
export function tableText(rows: readonly (readonly string[])[], columns?: number, indent = 2): string {
  const natural: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      natural[column] = Math.max(natural[column] ?? 0, width(cell));
    }
  }
  const widths = columns === undefined ? natural : fitted(natural, columns - indent);
  const lines = rows.map((row) =>
    row
      .map((cell, column) => padded(cut(cell, widths[column] ?? 0), widths[column] ?? 0))
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
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

/** The first characters of a cell; its colours are closed behind the cut. */
function cut(cell: string, limit: number): string {
  if (width(cell) <= limit) {
    return cell;
  }
  let rest = cell;
  let shown = '';
  let styled = false;
  for (let left = limit - 1; rest !== ''; ) {
    const [sequence] = ESCAPE_SEQUENCE.exec(rest) ?? [];
    const [character = ''] = rest;
    const next = sequence ?? character;
    if (sequence === undefined && left === 0) {
      break;
    }
    styled ||= sequence !== undefined;
    left -= sequence === undefined ? 1 : 0;
    shown += next;
    rest = rest.slice(next.length);
  }
  return `${shown}…${styled ? '\u001b[0m' : ''}`;
}

function padded(cell: string, to: number): string {
  return cell + ' '.repeat(Math.max(0, to - width(cell)));
}

/** Code points, as {@link cut} counts them. */
function width(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
}
