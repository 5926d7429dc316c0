import type { Clock } from '../../async/clock.ts';
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

interface Passing {
  readonly kind: 'busy' | 'silent';
  readonly sinceMs: number;
}

/** Tells news from what passes in moments. In memory only: after a restart everything is news. */
export class TransientReadings {
  readonly #clock: Clock;
  readonly #passing = new Map<string, Passing>();
  /** When an app was seen busy last, wall clock: a loss seen before that may have been part of the work. */
  readonly #busyAt = new Map<string, Date>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * How many milliseconds to wait before a reading is written; 0 when it is news now.
   *
   * @param wasKnown whether the status says something that the reading would only interrupt
   */
  waitFor(name: string, reading: Reading, wasKnown: boolean): number {
    const kind = passingKind(reading);
    if (kind === 'busy') {
      this.#busyAt.set(name, this.#clock.now());
    }
    if (kind === undefined) {
      this.#passing.delete(name);
      return 0;
    }
    const now = this.#clock.monotonic();
    const before = this.#passing.get(name);
    const sinceMs = before?.kind === kind ? before.sinceMs : now;
    this.#passing.set(name, { kind, sinceMs });
    const left = sinceMs + (kind === 'busy' ? busyMs : silenceMs) - now;
    return wasKnown ? Math.max(0, left) : 0;
  }

  /** Since when a loss may count that began at `since`: not before the last time the app was busy. */
  lostSince(name: string, since: Date): Date {
    const busyAt = this.#busyAt.get(name);
    return busyAt !== undefined && busyAt > since ? busyAt : since;
  }

  forget(name: string): void {
    this.#passing.delete(name);
    this.#busyAt.delete(name);
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
