const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** A length of time in its largest fitting unit: `3 days`, `1 hour`, `0 seconds`. */
export function durationText(ms: number): string {
  const [unit, length] = units.find(([, each]) => Math.abs(ms) >= each) ?? units[3];
  const count = Math.floor(Math.abs(ms) / length);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
