const PRELOAD = `--import=${new URL('./shifted-clock.mjs', import.meta.url).href}`;
const OFFSET = 'TEST_CLOCK_OFFSET_MS';
const OPTIONS = 'NODE_OPTIONS';

/** Environment variables that set the clock of a Node.js process. */
export type ClockEnvironment = Readonly<Record<string, string>>;

/**
 * For a process whose clock is to be ahead of the real time by so many milliseconds; its children inherit
 * that.
 */
export function clockAhead(milliseconds: number): ClockEnvironment {
  const others = options().filter((option) => option !== PRELOAD);
  return { [OPTIONS]: [...others, PRELOAD].join(' '), [OFFSET]: String(milliseconds) };
}

/** For a process whose clock is to be ahead of that of this process. */
export function clockAheadOfOurs(milliseconds: number): ClockEnvironment {
  return clockAhead(clockAheadMs() + milliseconds);
}

/** Whether the clock of this process is ahead of that of the API server and Redis. */
export function isClockAhead(): boolean {
  return options().includes(PRELOAD);
}

/** Milliseconds that the clock of this process is ahead of that of the API server and Redis. */
export function clockAheadMs(): number {
  return isClockAhead() ? Number(process.env[OFFSET]) : 0;
}

/**
 * For a process whose environment is written from nothing: the clock of this process, which otherwise it
 * inherits.
 */
export function sameClock(): ClockEnvironment {
  return isClockAhead() ? clockAhead(clockAheadMs()) : {};
}

function options(): readonly string[] {
  return (process.env[OPTIONS] ?? '').split(' ').filter((option) => option !== '');
}
