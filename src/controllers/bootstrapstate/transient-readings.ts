import type { Clock } from '../../async/clock.ts';
import { proportionalPause } from '../../async/proportional-pause.ts';
import { formatObjectKey, type ObjectKey } from '../../kube/client/object-key.ts';
import type { Reading } from '../loss-detection/reading.ts';

/**
 * Milliseconds that silence must last before it is written: a restart of Redis is no news for a thousand
 * objects.
 */
const silenceMs = 10_000;
/**
 * Milliseconds that a busy server must stay busy before it is written: a recovery of the server takes less.
 */
const busyMs = 2_000;
const pauses = { soonestMs: 1_000, latestMs: 30_000 };

interface Passing {
  readonly kind: 'busy' | 'silent';
  readonly sinceMs: number;
}

/** Tells news from what passes in moments. In memory only: after a restart everything is news. */
export class TransientReadings {
  readonly #clock: Clock;
  readonly #passing = new Map<string, Passing>();
  /**
   * When an app was seen busy or whole last, wall clock. A loss seen before that may have been part of the
   * work, or is over, also where no status says so yet.
   */
  readonly #notLostAt = new Map<string, Date>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * How many milliseconds to wait before a reading is written; 0 when it is news now.
   *
   * @param wasKnown whether the status says something that the reading would only interrupt
   */
  waitFor(key: ObjectKey, reading: Reading, wasKnown: boolean): number {
    const passing = this.note(key, reading);
    if (passing === undefined || !wasKnown) {
      return 0;
    }
    const newsMs = passing.kind === 'busy' ? busyMs : silenceMs;
    return Math.max(0, passing.sinceMs + newsMs - this.#clock.monotonic());
  }

  /** Notes what was read of an app. Returns since when it passes; undefined when it does not. */
  note(key: ObjectKey, reading: Reading): Passing | undefined {
    const id = formatObjectKey(key);
    const kind = passingKind(reading);
    if (kind === 'busy' || reading.kind === 'consistent') {
      this.#notLostAt.set(id, this.#clock.now());
    }
    if (kind === undefined) {
      this.#passing.delete(id);
      return undefined;
    }
    const before = this.#passing.get(id);
    const passing = before?.kind === kind ? before : { kind, sinceMs: this.#clock.monotonic() };
    this.#passing.set(id, passing);
    return passing;
  }

  /**
   * Milliseconds until what does not answer, or is busy, is read again. Infinite while nothing of the kind is
   * known.
   */
  againIn(key: ObjectKey): number {
    const passing = this.#passing.get(formatObjectKey(key));
    return passing === undefined
      ? Number.POSITIVE_INFINITY
      : proportionalPause(this.#clock.monotonic() - passing.sinceMs, pauses);
  }

  /**
   * Since when a loss may count that began at `since`: not before the last time the app was busy or whole. A
   * time to come is of a clock that was ahead then, and counts for nothing.
   */
  lostSince(key: ObjectKey, since: Date): Date {
    const notLostAt = this.#notLostAt.get(formatObjectKey(key));
    return notLostAt !== undefined && notLostAt > since && notLostAt <= this.#clock.now() ? notLostAt : since;
  }

  forget(key: ObjectKey): void {
    const id = formatObjectKey(key);
    this.#passing.delete(id);
    this.#notLostAt.delete(id);
  }
}

function passingKind(reading: Reading): Passing['kind'] | undefined {
  if (reading.kind === 'busy') {
    return 'busy';
  }
  const silent =
    reading.kind === 'unverifiable' &&
    (reading.reason === 'RedisUnreachable' || reading.reason === 'SourceUnavailable');
  return silent ? 'silent' : undefined;
}
