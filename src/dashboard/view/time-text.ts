const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/**
 * A span of time in the largest unit of which there are at least two, cut: `11 hours`, `90 minutes`. Nothing
 * below a minute is distinguished, so that an open page does not change every second.
 */
export function spanText(milliseconds: number): string {
  for (const [unit, length] of units) {
    const count = Math.floor(milliseconds / length);
    if (count >= 2 || (unit === 'minute' && count === 1)) {
      return `${count} ${unit}${count === 1 ? '' : 's'}`;
    }
  }
  return 'less than a minute';
}

/** `11 hours ago`, for the time of an object; undefined for one that is missing or unreadable. */
export function agoText(time: string | undefined, now: Date): string | undefined {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  // Clocks differ: what was written a moment ago may seem to lie ahead.
  return Number.isNaN(at) ? undefined : `${spanText(Math.max(0, now.getTime() - at))} ago`;
}

/** How long something took: `< 0.1 ms`, `0.4 ms`, `12 ms`, `1.2 s`, `2 min 5 s`. */
export function stepDurationText(milliseconds: number): string {
  if (milliseconds < 0.05) {
    return '< 0.1 ms';
  }
  if (milliseconds < 9.95) {
    return `${milliseconds.toFixed(1)} ms`;
  }
  if (milliseconds < 999.5) {
    return `${Math.round(milliseconds)} ms`;
  }
  if (milliseconds < 59_950) {
    return `${(milliseconds / 1000).toFixed(1)} s`;
  }
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
