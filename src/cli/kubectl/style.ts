import { styleText } from 'node:util';

/** Styles by what they mean, not by what they look like. */
export type Style = 'good' | 'bad' | 'waiting' | 'faint' | 'heading';

const formats = {
  good: 'green',
  bad: 'red',
  waiting: 'yellow',
  faint: 'dim',
  heading: 'bold',
} as const satisfies Record<Style, Parameters<typeof styleText>[0]>;

/** `text` in that style where colours are wanted, else as it is. */
export function styled(color: boolean, style: Style, text: string): string {
  // The caller has decided already; styleText would look at the process's own streams instead.
  return color ? styleText(formats[style], text, { validateStream: false }) : text;
}
