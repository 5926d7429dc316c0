import { stripVTControlCharacters } from 'node:util';

// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what a colour begins with
const escapeSequences = /(\u001b\[[0-9;]*m)/;
const reset = '\u001b[0m';
/** What ends a weight or a colour, as Node.js writes it behind a text. */
const endings = new Set([reset, '\u001b[22m', '\u001b[39m']);
/** Behind these a name may be broken: the parts are read, and put together again, more easily. */
const joints = '-_/.:,=';

/** Characters of a cell from one place up to another, counted without escape sequences. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Columns of a cell, which may hold escape sequences of colours. Wide characters count as one. */
export function cellWidth(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
}

/** The first characters of a cell, with "…" for what is left out. */
export function cutCell(cell: string, width: number): string {
  if (cellWidth(cell) <= width) {
    return cell;
  }
  const [shown = ''] = coloredParts(cell, [{ from: 0, to: width - 1 }]);
  return shown.endsWith(reset) ? `${shown.slice(0, -reset.length)}…${reset}` : `${shown}…`;
}

/**
 * A cell in lines of at most `width` columns, broken at a space where there is one, else behind a joint of a
 * name, else anywhere. Nothing but those spaces is left out, and each line has the colours of its part.
 */
export function cellLines(cell: string, width: number): readonly string[] {
  const characters = [...stripVTControlCharacters(cell)];
  const lines: Range[] = [];
  let from = 0;
  while (characters.length - from > width) {
    const to = endOfLine(characters, from, width);
    lines.push({ from, to });
    from = characters[to] === ' ' ? to + 1 : to;
  }
  return lines.length === 0 ? [cell] : coloredParts(cell, [...lines, { from, to: characters.length }]);
}

function endOfLine(characters: readonly string[], from: number, width: number): number {
  const limit = from + width;
  const space = characters.lastIndexOf(' ', limit);
  if (space > from) {
    return space;
  }
  for (let end = limit; end > from + width / 2; end -= 1) {
    if (joints.includes(characters[end - 1] ?? ' ')) {
      return end;
    }
  }
  return limit;
}

/** Parts of a cell; each begins with the colours that hold there, and ends them. */
function coloredParts(cell: string, ranges: readonly Range[]): readonly string[] {
  const shown: { readonly character: string; readonly colors: string }[] = [];
  let colors = '';
  for (const piece of cell.split(escapeSequences)) {
    if (escapeSequences.test(piece)) {
      colors = endings.has(piece) ? '' : colors + piece;
    } else {
      shown.push(...[...piece].map((character) => ({ character, colors })));
    }
  }
  return ranges.map(({ from, to }) => {
    let part = '';
    let current = '';
    for (const { character, colors: wanted } of shown.slice(from, to)) {
      part += `${wanted === current ? '' : `${current === '' ? '' : reset}${wanted}`}${character}`;
      current = wanted;
    }
    return current === '' ? part : part + reset;
  });
}
