import { styleText } from 'node:util';

/** Lines that were written at one moment, in milliseconds since the start, with their colours. */
export interface RecordedText {
  readonly ms: number;
  readonly text: string;
}

/**
 * Writes the demo's story: chapters, timed steps, boxes and tables; colours and live lines only on a
 * terminal.
 */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #recording: RecordedText[] = [];
  readonly #started = performance.now();

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** A numbered heading with the sentence that says why it matters. */
  chapter(title: string, why: string): void {
    this.#line(`\n${this.bold(title)}\n${this.dim(why)}\n`);
  }

  /** Shows that something is under way, then how long it took. */
  async step<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    const begun = performance.now();
    this.live(`  ${this.dim('…')} ${what}`);
    const result = await work();
    this.settle(
      `  ${this.green('✓')} ${what} ${this.dim(`${((performance.now() - begun) / 1000).toFixed(1)} s`)}`,
    );
    return result;
  }

  /** A line that the next live or settled line replaces; nothing without a terminal. */
  live(text: string): void {
    if (this.#out.isTTY) {
      this.#out.write(`\r\x1b[2K${text}`);
    }
  }

  /** A line that stays, in place of the live one. */
  settle(text: string): void {
    if (this.#out.isTTY) {
      this.#out.write('\r\x1b[2K');
    }
    this.#line(text);
  }

  /** Everything that stayed on the screen, with its colours. */
  get transcript(): string {
    return this.#recording.map(({ text }) => text).join('');
  }

  /** The same with the moments at which it was written. */
  get recording(): readonly RecordedText[] {
    return this.#recording;
  }

  /** Whether this terminal gets colours. */
  get isColored(): boolean {
    return this.bold('x') !== 'x';
  }

  /** Text as a person would have typed or read it on a terminal. */
  terminal(command: string, output: string): void {
    this.command(command);
    this.output(output);
  }

  /** A command that runs from now on. */
  command(command: string): void {
    this.#line(`  ${this.cyan('$')} ${this.bold(command)}`);
  }

  /** What a command printed. */
  output(output: string): void {
    this.#line(
      output
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`.trimEnd())
        .join('\n'),
    );
  }

  /** Rows under a header, columns as wide as their widest cell. */
  table(header: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = header.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
    );
    const format = (row: readonly string[]): string =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd();
    this.#line(`  ${this.dim(format(header))}`);
    for (const row of rows) {
      this.#line(`  ${format(row)}`);
    }
  }

  /** A progress bar of a known width. */
  bar(completed: number, total: number): string {
    const width = 24;
    const filled = total > 0 ? Math.round((width * completed) / total) : 0;
    return `${this.green('█'.repeat(filled))}${this.dim('░'.repeat(width - filled))}`;
  }

  /** Seconds since the screen was made. */
  elapsed(): string {
    return `${((performance.now() - this.#started) / 1000).toFixed(0)} s`;
  }

  text(text: string): void {
    this.#line(text.length > 0 ? `  ${text}` : '');
  }

  bold(text: string): string {
    return this.#style('bold', text);
  }

  dim(text: string): string {
    return this.#style('dim', text);
  }

  green(text: string): string {
    return this.#style('green', text);
  }

  red(text: string): string {
    return this.#style('red', text);
  }

  cyan(text: string): string {
    return this.#style('cyan', text);
  }

  #style(format: 'bold' | 'dim' | 'green' | 'red' | 'cyan', text: string): string {
    // `stream` makes Node honour NO_COLOR, FORCE_COLOR and a missing terminal.
    return styleText(format, text, { stream: this.#out });
  }

  #line(text: string): void {
    this.#recording.push({ ms: performance.now() - this.#started, text: `${text}\n` });
    this.#out.write(`${text}\n`);
  }
}
