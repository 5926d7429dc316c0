import { Turn } from '../../async/in-turns.ts';

/** Bounds of a {@link forEachWithinBudget}. */
export interface InFlightLimits {
  /** Most items in work at once. */
  readonly tasks: number;
  /** Most bytes in work at once; one item larger than that is worked on alone. */
  readonly bytes: number;
}

/**
 * Works on all items, in order of admission, while a number of tasks and a number of bytes in flight stay
 * below their limits. The event loop gets a turn every few milliseconds, also when no item waits for
 * anything. The first failure stops admission and is thrown once what was in flight has settled, so that
 * nothing runs on behind the caller's back.
 */
export function forEachWithinBudget<T>(
  items: readonly T[],
  limits: InFlightLimits,
  weightOf: (item: T) => number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0;
    const turn = new Turn();
    let isPaused = false;
    let tasks = 0;
    let bytes = 0;
    let failure: { readonly reason: unknown } | undefined;
    const settled = (weight: number): void => {
      tasks--;
      bytes -= weight;
      if (isPaused) {
        return;
      }
      if (!turn.isOver) {
        pump();
        return;
      }
      isPaused = true;
      void turn.end().then(() => {
        isPaused = false;
        pump();
      });
    };
    const pump = (): void => {
      while (failure === undefined && tasks < limits.tasks) {
        const item = items[next];
        if (next >= items.length || item === undefined) {
          break;
        }
        const weight = weightOf(item);
        if (tasks > 0 && bytes + weight > limits.bytes) {
          break;
        }
        next++;
        tasks++;
        bytes += weight;
        work(item).then(
          () => settled(weight),
          (reason: unknown) => {
            failure ??= { reason };
            settled(weight);
          },
        );
      }
      if (tasks > 0) {
        return;
      }
      if (failure !== undefined) {
        reject(failure.reason);
      } else {
        resolve();
      }
    };
    pump();
  });
}
