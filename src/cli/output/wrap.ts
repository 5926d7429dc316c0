/** Columns of human output. Fixed, so that what is pasted into an issue looks the same for everybody. */
const columns = 110;

/** Breaks a text into indented lines at spaces; a longer word keeps its line to itself. Ends in a line break. */
export function wrap(text: string, indent: number): string {
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
