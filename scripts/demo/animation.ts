import { stripVTControlCharacters } from 'node:util';
import { spans, terminalFont, terminalMeasures } from './picture.ts';
import type { RecordedText } from './screen.ts';

/** Rows of the terminal that the picture shows; older ones scroll out of it. */
const rows = 40;
const maxColumns = 118;
const control = '\u001b[';
/** What happens faster is shown this slowly, in milliseconds, because people have to read it. */
const minPauseMs = 900;
/** What takes longer is shortened to this. */
const maxPauseMs = 2_500;
/** Between two rows that were written at one moment, so that the eye can follow. */
const perRowMs = 60;
/** Reading time afterwards, for each of them. */
const perLineMs = 90;
/** How long the end stands before it begins anew. */
const endMs = 6_000;

/** One row and the moment at which it appears. */
interface Row {
  readonly ms: number;
  readonly text: string;
}

/**
 * Draws a recorded terminal session as an SVG that plays it, over and over, without scripts and without
 * anything from elsewhere. Where motion is not wanted (`prefers-reduced-motion`), it shows the end.
 */
export function terminalAnimation(recording: readonly RecordedText[]): string {
  const { lineHeight, characterWidth, padding, fontSize } = terminalMeasures;
  const script = timed(recording);
  const columns = Math.max(...script.map(({ text }) => stripVTControlCharacters(text).length));
  const width = Math.ceil(columns * characterWidth + 2 * padding);
  const height = rows * lineHeight + 2 * padding;
  const lastMs = script.at(-1)?.ms ?? 0;
  const totalMs = lastMs + endMs;
  const percent = (ms: number): string => `${((100 * ms) / totalMs).toFixed(2)}%`;
  const moments = [...new Set(script.map(({ ms }) => ms))];
  const appearing = moments.map(
    (ms, index) =>
      `@keyframes m${index}{0%{visibility:hidden}${percent(ms)},100%{visibility:visible}}.m${index}{animation-name:m${index}}`,
  );
  const scrolled = (count: number): number => -Math.max(0, count - rows) * lineHeight;
  const positions = moments.map((ms) => scrolled(script.filter((row) => row.ms <= ms).length));
  const scrolling = moments.map((ms, index) => `${percent(ms)}{transform:translateY(${positions[index]}px)}`);
  const end = positions.at(-1) ?? 0;
  const lines = script.map(({ ms, text }, index) => {
    const y = padding + (index + 1) * lineHeight - (lineHeight - fontSize) + 1;
    return `<text class="m${moments.indexOf(ms)}" x="${padding}" y="${y}" xml:space="preserve">${spans(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal: Redis loses the settings of an app, tuf-recovery plans and repairs it">
<style>
text,.s{animation:${(totalMs / 1000).toFixed(1)}s step-end infinite both}
.s{animation-name:s;transform:translateY(${end}px)}
@keyframes s{0%{transform:none}${scrolling.join('')}100%{transform:translateY(${end}px)}}
${appearing.join('\n')}
@media (prefers-reduced-motion:reduce){text,.s{animation:none}}
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<svg aria-hidden="true" x="0" y="${padding / 2}" width="${width}" height="${height - padding}">
${terminalFont}<g class="s">
${lines.join('\n')}
</g></g>
</svg>
</svg>
`;
}

/** Where a terminal of {@link maxColumns} would break a line; a colour ends there. */
function wrapped(line: string): readonly string[] {
  let column = 0;
  const broken = (text: string): string =>
    [...text]
      .map((character) => {
        column += 1;
        return column > maxColumns && column % maxColumns === 1 ? `\n${character}` : character;
      })
      .join('');
  const [plain = '', ...styled] = line.split(control);
  const rest = styled.map((part) => {
    const end = part.indexOf('m') + 1;
    return control + part.slice(0, end) + broken(part.slice(end));
  });
  return [broken(plain), ...rest].join('').split('\n');
}

/** Rows with the moments at which they appear: those of the recording, made readable. */
function timed(recording: readonly RecordedText[]): readonly Row[] {
  let ms = 0;
  let before = recording[0]?.ms ?? 0;
  let reading = 0;
  return recording.flatMap((recorded) => {
    const tookMs = recorded.ms - before;
    before = recorded.ms;
    // One write of several lines is recorded line by line within a few milliseconds.
    if (tookMs > 5) {
      ms += Math.min(maxPauseMs, Math.max(minPauseMs, tookMs)) + reading;
      reading = 0;
    }
    const lines = recorded.text.replace(/\n$/, '').split('\n').flatMap(wrapped);
    reading += lines.length * perLineMs;
    return lines.map((text) => {
      ms += perRowMs;
      return { ms: Math.round(ms), text };
    });
  });
}
