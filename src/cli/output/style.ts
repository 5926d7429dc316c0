import { styleText } from 'node:util';

/** What a piece of human output means; how it looks follows from it. */
export type Tone = 'good' | 'bad' | 'warning' | 'quiet' | 'strong' | 'heading';

/** Applies a tone, or nothing on an output without colour. */
export type Paint = (tone: Tone, text: string) => string;

const looks = {
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  quiet: 'dim',
  strong: 'bold',
  heading: ['bold', 'cyan'],
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>;

/** The paint for an output. */
export function paintFor(color: boolean): Paint {
  if (!color) {
    return (_tone, text) => text;
  }
  // Whether the stream takes colour was decided once, in main.ts.
  return (tone, text) => styleText(looks[tone], text, { validateStream: false });
}
