import { shortDuration } from '../../api/text.ts';

/** How long ago a stored time is, as kubectl shows ages; `-` where there is none. */
export function ageText(from: string | undefined, now: Date): string {
  const started = from === undefined ? Number.NaN : Date.parse(from);
  return Number.isNaN(started) ? '-' : shortDuration(now.getTime() - started);
}
