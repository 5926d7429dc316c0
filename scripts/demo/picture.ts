import { stripVTControlCharacters } from 'node:util';

const fontSize = 13;
const lineHeight = 19;
const characterWidth = 7.83;
const padding = 20;

/** Terminal colours of the picture, by the SGR code that switches them on. */
const styles: Readonly<Record<string, string>> = {
  '1': 'font-weight="bold"',
  '2': 'fill="#8b949e"',
  '31': 'fill="#ff7b72"',
  '32': 'fill="#7ee787"',
  '33': 'fill="#d29922"',
  '36': 'fill="#79c0ff"',
};

/** Measures of the picture, in pixels. */
export const terminalMeasures = { fontSize, lineHeight, characterWidth, padding } as const;

/** Opens the group in which the rows of a terminal stand. */
export const terminalFont = `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${fontSize}" fill="#e6edf3">`;

/** Draws terminal output, colours included, as an SVG. */
export function terminalPicture(output: string): string {
  const lines = output.trimEnd().split('\n');
  const columns = Math.max(...lines.map((line) => stripVTControlCharacters(line).length));
  const width = Math.ceil(columns * characterWidth + 2 * padding);
  const height = lines.length * lineHeight + 2 * padding;
  const rows = lines.map(
    (line, index) =>
      `<text x="${padding}" y="${padding + (index + 1) * lineHeight - 5}" xml:space="preserve">${spans(line)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Output of npm run demo">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${terminalFont}
${rows.join('\n')}
</g>
</svg>
`;
}

/**
 * One line of a terminal as tspans. Only the codes that `styleText` writes occur: one on, one off, sometimes
 * nested.
 */
export function spans(line: string): string {
  const active: string[] = [];
  const [plain = '', ...styled] = line.split('\u001b[');
  const parts = styled.map((part) => {
    const end = part.indexOf('m');
    const code = part.slice(0, end);
    if (code in styles) {
      active.push(code);
    } else {
      active.pop();
    }
    return span(part.slice(end + 1), active);
  });
  return span(plain, []) + parts.join('');
}

function span(text: string, active: readonly string[]): string {
  if (text === '') {
    return '';
  }
  return `<tspan ${active.map((code) => styles[code] ?? '').join(' ')}>${escapeXML(text)}</tspan>`;
}

function escapeXML(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
