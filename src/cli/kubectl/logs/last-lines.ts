import type { LogLine } from './log-line.ts';

/** Characters that are kept in all: a node keeps some 10 MiB of each container. */
const MAX_CHARACTERS = 64 * 1024 * 1024;

/** The last lines of several logs. */
export class LastLines {
  readonly #most: number;
  #lines: LogLine[] = [];
  #dropped = 0;
  #characters = 0;

  /** @param most how many lines are kept */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds a line; the first one goes when there are too many. */
  push(line: LogLine): void {
    this.#lines.push(line);
    this.#characters += line.raw.length;
    while (this.#count > this.#most || this.#characters > MAX_CHARACTERS) {
      this.#characters -= this.#lines[this.#dropped]?.raw.length ?? 0;
      this.#dropped += 1;
    }
    if (this.#dropped * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#dropped);
      this.#dropped = 0;
    }
  }

  /** What is kept, in the order it was added. */
  get lines(): readonly LogLine[] {
    return this.#lines.slice(this.#dropped);
  }

  get #count(): number {
    return this.#lines.length - this.#dropped;
  }
}

/**
 * Lines of several logs as one, by their times. A line without a time stays behind the one before it.
 */
export function mergeByTime(logs: readonly (readonly LogLine[])[]): readonly LogLine[] {
  const timed = logs.flatMap((lines) => {
    let latest = '';
    return lines.map((line) => {
      latest = line.time === '' ? latest : line.time;
      return { line, time: latest };
    });
  });
  // Stable: what has the same time stays in the order of its log.
  return timed.toSorted((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time))).map(({ line }) => line);
}
