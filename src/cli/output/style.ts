import { styleText } from 'node:util';
import type { CommandContext } from '../context.ts';

/** What a piece of human output means; how it looks follows from it. */
export type Tone = 'good' | 'bad' | 'warning' | 'quiet' | 'strong' | 'heading';

/** An output for people: applies a tone, or nothing without colour, and knows how wide it is. */
export interface OutputStyle {
  (tone: Tone, text: string): string;
  /** Of the terminal; undefined in a pipe or file, where nothing is cut. */
  readonly columns: number | undefined;
}

const looks = {
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  quiet: 'dim',
  strong: 'bold',
  heading: ['bold', 'cyan'],
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>;

/** The paint for an output. */
export function paintFor({ color, columns }: Pick<CommandContext, 'color' | 'columns'>): OutputStyle {
  // Whether the stream takes colour was decided once, in main.ts.
  const apply = (tone: Tone, text: string): string =>
    color ? styleText(looks[tone], text, { validateStream: false }) : text;
  return Object.assign(apply, { columns });
}
