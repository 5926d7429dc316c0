import type { Steps } from './in-turns.ts';

/** Items that are sorted at a time: half a millisecond. */
const RUN = 1024;

/** Sorts as `toSorted` does, stably, in steps. */
export function* sortInSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Steps<readonly T[]> {
  let sorted: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += RUN) {
    sorted.push(items.slice(at, at + RUN).sort(compare));
    yield;
  }
  while (sorted.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let i = 0; i < sorted.length; i += 2) {
      merged.push(yield* merge(sorted[i] ?? [], sorted[i + 1] ?? [], compare));
    }
    sorted = merged;
  }
  return sorted[0] ?? [];
}

function* merge<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (a: T, b: T) => number,
): Steps<readonly T[]> {
  const merged: T[] = [];
  let rest = 0;
  for (const item of left) {
    for (; rest < right.length; rest++) {
      // Within the bounds of the list.
      const next = right[rest] as T;
      if (compare(item, next) <= 0) {
        break;
      }
      merged.push(next);
      yield;
    }
    merged.push(item);
    yield;
  }
  for (; rest < right.length; rest++) {
    // Within the bounds of the list.
    merged.push(right[rest] as T);
    yield;
  }
  return merged;
}
