import { formatKey, type ObjectKey, parseKey } from '../../kube/client/object-key.ts';

/** A place for one run; giving it back twice does nothing. */
export interface Slot {
  release(): void;
}

/** Why there was no place, in words for the run's status. */
export interface Refusal {
  readonly refusedBecause: string;
}

/**
 * Places for runs: at most `limit` at once over all apps, one for each app. Who gets none is remembered and woken in order of
 * arrival, with the place kept for it until it comes or is forgotten, so nobody overtakes and nobody starves.
 */
export class RunSlots {
  readonly #limit: number;
  readonly #wake: (key: ObjectKey) => void;
  /** App → key of the run that has its place, taken or kept. */
  readonly #holders = new Map<string, string>();
  /** Keys whose place is kept for them and not yet taken → their app. */
  readonly #kept = new Map<string, string>();
  /** Keys that wait → their app, in order of arrival. */
  readonly #waiting = new Map<string, string>();

  /** @param wake called when a place is kept for `key`: have it ask again, or {@link forget} it */
  constructor(limit: number, wake: (key: ObjectKey) => void) {
    this.#limit = limit;
    this.#wake = wake;
  }

  /** How many places are taken. */
  get taken(): number {
    return this.#holders.size - this.#kept.size;
  }

  /** A place for `key`, which wants to work on `app`; or why there is none yet. */
  acquire(key: ObjectKey, app: string): Slot | Refusal {
    const name = formatKey(key);
    if (this.#kept.delete(name)) {
      return this.#slot(app, name);
    }
    const holder = this.#holders.get(app);
    // Free places are given away at once, so where there is one, nobody who could take it is waiting.
    if (holder !== undefined || this.#holders.size >= this.#limit) {
      this.#waiting.set(name, app);
      return { refusedBecause: this.#explain(holder) };
    }
    this.#waiting.delete(name);
    this.#holders.set(app, name);
    return this.#slot(app, name);
  }

  /** `key` no longer wants a place. */
  forget(key: ObjectKey): void {
    const name = formatKey(key);
    this.#waiting.delete(name);
    const app = this.#kept.get(name);
    if (app === undefined) {
      return;
    }
    this.#kept.delete(name);
    this.#free(app, name);
  }

  #slot(app: string, name: string): Slot {
    return { release: () => this.#free(app, name) };
  }

  #free(app: string, name: string): void {
    if (this.#holders.get(app) !== name) {
      return;
    }
    this.#holders.delete(app);
    for (const [next, wanted] of this.#waiting) {
      if (this.#holders.size >= this.#limit) {
        return;
      }
      if (this.#holders.has(wanted)) {
        continue;
      }
      this.#waiting.delete(next);
      this.#holders.set(wanted, next);
      this.#kept.set(next, wanted);
      this.#wake(parseKey(next));
    }
  }

  /** In words that stay true while it waits: telling everybody who waits of every change would be most of the work. */
  #explain(holder: string | undefined): string {
    return holder === undefined
      ? `Waits for its turn: when it came, every place for runs of this controller (${this.#limit}) was taken.`
      : `Waits for its turn: when it came, run ${holder} was working on the same app.`;
  }
}
