/**
 * Reads items in order while up to `ahead` later ones are already under way. A failed read is thrown at its
 * turn; reads that are still under way when the consumer stops are awaited, so that none is left dangling.
 */
export async function* readAhead<T, R>(
  items: readonly T[],
  ahead: number,
  read: (item: T) => Promise<R>,
): AsyncGenerator<readonly [T, R]> {
  const pending: { readonly item: T; readonly result: Promise<R> }[] = [];
  let next = 0;
  const fill = (): void => {
    while (pending.length < Math.max(1, ahead) && next < items.length) {
      const item = items[next++];
      if (item === undefined) {
        continue;
      }
      const result = read(item);
      // Marks the promise as handled: a failure is thrown where the item's turn comes, or dropped with the
      // walk.
      result.catch(() => undefined);
      pending.push({ item, result });
    }
  };
  try {
    for (fill(); ; fill()) {
      const head = pending.shift();
      if (head === undefined) {
        return;
      }
      yield [head.item, await head.result];
    }
  } finally {
    await Promise.allSettled(pending.map(({ result }) => result));
  }
}
