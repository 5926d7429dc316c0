/** Columns where there is no terminal: what is pasted into an issue looks the same everywhere. */
const DEFAULT_COLUMNS = 110;
/** Below this a text can't be read, however small the terminal claims to be. */
const MIN_COLUMNS = 40;

/**
 * Breaks a text into indented lines at spaces; a longer word keeps its line to itself. Ends in a line break.
 *
 * @param width columns of the terminal, if there is one
 */
export function wrapText(text: string, indent: number, width: number | undefined): string {
  const columns = Math.max(MIN_COLUMNS, Math.min(width ?? DEFAULT_COLUMNS, DEFAULT_COLUMNS));
  const margin = ' '.repeat(indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((each) => `${margin}${each}\n`).join('');
}
