/** Bounds of {@link proportionalPause}, in milliseconds. */
export interface PauseBounds {
  readonly soonestMs: number;
  readonly latestMs: number;
}

/**
 * Milliseconds until something that passes is checked again: a quarter of how long it has lasted, within
 * bounds. Its end is found late by a quarter of it at most, and a long outage costs few checks.
 */
export function proportionalPause(lastedMs: number, { soonestMs, latestMs }: PauseBounds): number {
  return Math.min(latestMs, Math.max(soonestMs, lastedMs / 4));
}
