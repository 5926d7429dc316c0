/** How long work continues before the event loop gets a turn, in milliseconds. */
const TURN_MS = 10;
/** Items between two looks at the clock. */
const ITEMS_PER_LOOK = 64;

/**
 * A computation over lists whose length comes from outside, which may be interrupted wherever it yields. What
 * it computes does not depend on whether it is.
 */
export type Steps<T> = Generator<void, T, void>;

/** The result of a computation that is not interrupted: for lists that are known to be short. */
export function inOneTurn<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) {
      return value;
    }
  }
}

/**
 * The result of a computation that gives the event loop a turn every few milliseconds, and one at its first
 * look at the clock: how long the thread was busy before is unknown, and computations that follow one another
 * would add up to one long turn.
 */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  const turn = new Turn();
  for (let count = 1; ; count++) {
    const { done, value } = steps.next();
    if (done === true) {
      return value;
    }
    if (count % ITEMS_PER_LOOK === 0 && (count === ITEMS_PER_LOOK || turn.isOver)) {
      await turn.end();
    }
  }
}

/**
 * Calls `work` for each item, in order, and gives the event loop a turn every few milliseconds: for lists
 * whose length comes from outside.
 */
export function forEachInTurns<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  return inTurns(stepsOf(items, work));
}

function* stepsOf<T>(items: Iterable<T>, work: (item: T) => void): Steps<void> {
  for (const item of items) {
    work(item);
    yield;
  }
}

/** Gives the event loop a turn: between two passes over a list whose length comes from outside. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Measures the time since the event loop had its last turn. */
export class Turn {
  #began = performance.now();

  /** Whether it is time to let others work. */
  get isOver(): boolean {
    return performance.now() - this.#began >= TURN_MS;
  }

  /** Ends the turn; the next one begins when the promise resolves. */
  async end(): Promise<void> {
    await nextTurn();
    this.#began = performance.now();
  }
}
