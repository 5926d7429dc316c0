import type { Problem } from './problem.ts';

/** How long a slow machine is given, in milliseconds. */
export interface Patience {
  /** For a test. */
  readonly testMs: number;
  /** For something that a test waits for. */
  readonly waitMs: number;
}

/** What stands after the function of a test, or among the options of a test or a poll, from a second on. */
const limit = /^\s*\},\n?\s*(\d+_\d{3}),?\n?\);|\btimeout: (\d+_\d{3}) \}/gm;
/** How long kubectl waits; with 0 it does not. */
const commandLimit = /--timeout=(\d+)s/g;

/** Limits in the text of a test that are no longer than what every test has: they make it fail earlier. */
export function shortWaits(file: string, text: string, { testMs, waitMs }: Patience): readonly Problem[] {
  const limits = [...text.matchAll(limit)].flatMap((match) => {
    const ms = Number((match[1] ?? match[2] ?? '').replaceAll('_', ''));
    return ms <= testMs ? [{ match, instead: 'leave the limit out: every test has more' }] : [];
  });
  const commandLimits = [...text.matchAll(commandLimit)].flatMap((match) => {
    const ms = Number(match[1]) * 1_000;
    return ms > 0 && ms < waitMs ? [{ match, instead: `wait for ${waitMs / 1_000} s` }] : [];
  });
  return [...limits, ...commandLimits].map(({ match, instead }) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    what: `${match[0].trim()} is too short for a slow machine: ${instead}`,
  }));
}
