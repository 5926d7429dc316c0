/** How long work continues before the event loop gets a turn, in milliseconds. */
const TURN_MS = 10;
/** Items between two looks at the clock. */
const ITEMS_PER_LOOK = 64;

/**
 * Calls `work` for each item, in order, and gives the event loop a turn every few milliseconds: for lists
 * whose length comes from outside.
 */
export async function forEachInTurns<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let began = performance.now();
  let count = 0;
  for (const item of items) {
    work(item);
    if (++count % ITEMS_PER_LOOK === 0 && performance.now() - began >= TURN_MS) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      began = performance.now();
    }
  }
}
