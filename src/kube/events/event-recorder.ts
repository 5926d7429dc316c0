import type { Logger } from 'pino';
import type { Clock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import type { APIClient } from '../client/api-client.ts';
import { APIError, isAlreadyExists, isNotFound, isServerBusy } from '../client/api-error.ts';
import { formatMicroTime } from '../client/micro-time.ts';
import type { KubernetesObject } from '../client/object.ts';
import type { RuntimeMetrics } from '../metrics/runtime-metrics.ts';
import { EVENTS, type EventDetails, type EventManifest, newEvent, referenceTo, seriesKey } from './event.ts';

/** Options of {@link EventRecorder}. */
export interface EventRecorderOptions {
  readonly client: Pick<APIClient, 'create' | 'patch'>;
  /** Domain-qualified name of the controller, for example `example.dev/controller`. */
  readonly reportingController: string;
  /** Which replica, usually the pod's name. */
  readonly reportingInstance: string;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly clock: Clock;
  readonly subscriber?: EventSubscriber | undefined;
}

/** Receives each event beside the API server, repeats of a series included. It must not wait. */
export interface EventSubscriber {
  event(regarding: KubernetesObject, details: EventDetails, time: Date): void;
  /** Delivers what is left, for at most `graceMs`, and takes nothing more. */
  close(graceMs: number): Promise<void>;
}

/** Writes an event to the API server. */
type EventWrite = (signal: AbortSignal) => Promise<void>;

/** An event that was written, and what has happened since. */
interface Series {
  readonly event: EventManifest;
  count: number;
  lastObservedTime: string;
  /** The count the server knows. */
  writtenCount: number;
  cancelFinish: () => void;
  cancelRefresh: () => void;
}

// client-go's numbers, tools/events.
const FINISH_MS = 6 * 60_000;
const REFRESH_MS = 30 * 60_000;
const MAX_PENDING = 1_000;
/** Of these for one namespace: what flaps in one must not cost the others their events. */
const MAX_PENDING_OF_ONE = 500;
const MAX_SERIES = 4_096;
const MAX_TRIES = 12;
const RETRY_MS = 10_000;

/**
 * Writes Kubernetes events, in the background and at best effort: recording never waits, never throws, and an
 * event that cannot be written is dropped, counted and logged. Repeats of an event within six minutes become
 * one series, written at the first repeat, every half hour and at its end.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #closing = new AbortController();
  #pending = 0;
  readonly #pendingOf = new Map<string, number>();
  #tail: Promise<void> = Promise.resolve();
  /** Writes that the server had no time for → what takes back their next try. */
  readonly #waiting = new Map<() => void, () => void>();
  #isClosing = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Records that something happened to `regarding`. */
  event(regarding: KubernetesObject, details: EventDetails): void {
    if (this.#closing.signal.aborted) {
      return;
    }
    this.#publish(regarding, details);
    const key = seriesKey(referenceTo(regarding), details);
    const series = this.#series.get(key);
    if (series === undefined) {
      this.#begin(key, regarding, details);
    } else {
      this.#repeat(key, series);
    }
  }

  /** Writes what is still to be written, for at most `graceMs`, and records nothing more. */
  async close(graceMs: number): Promise<void> {
    const { clock, subscriber } = this.#options;
    const delivered = subscriber?.close(graceMs);
    for (const key of [...this.#series.keys()]) {
      this.#finish(key);
    }
    this.#isClosing = true;
    for (const [act, cancelWaiting] of this.#waiting) {
      cancelWaiting();
      act();
    }
    this.#waiting.clear();
    const cancel = clock.after(graceMs, () => this.#closing.abort(new Error('the event recorder is closed')));
    await this.#tail;
    cancel();
    this.#closing.abort(new Error('the event recorder is closed'));
    await delivered;
  }

  #begin(key: string, regarding: KubernetesObject, details: EventDetails): void {
    if (this.#series.size >= MAX_SERIES) {
      const [oldest] = this.#series.keys();
      if (oldest !== undefined) {
        this.#finish(oldest);
      }
    }
    const { reportingController, reportingInstance, clock } = this.#options;
    const event = newEvent(regarding, details, { reportingController, reportingInstance, time: clock.now() });
    const series: Series = {
      event,
      count: 1,
      lastObservedTime: event.eventTime,
      writtenCount: 1,
      cancelFinish: this.#options.clock.after(FINISH_MS, () => this.#finish(key)),
      cancelRefresh: () => undefined,
    };
    this.#series.set(key, series);
    this.#enqueue(event.metadata.namespace, async (signal) => {
      await this.#options.client.create(EVENTS, event, { signal });
      this.#options.metrics.events.inc({ result: 'created' });
    });
  }

  /** What fails here is an extra, and the event itself must not suffer. */
  #publish(regarding: KubernetesObject, details: EventDetails): void {
    const { subscriber, logger, clock } = this.#options;
    try {
      subscriber?.event(regarding, details, clock.now());
    } catch (error) {
      logger.error({ err: error }, 'an event could not be passed on');
    }
  }

  #repeat(key: string, series: Series): void {
    const { clock, metrics } = this.#options;
    series.count += 1;
    series.lastObservedTime = formatMicroTime(clock.now());
    series.cancelFinish();
    series.cancelFinish = clock.after(FINISH_MS, () => this.#finish(key));
    metrics.events.inc({ result: 'aggregated' });
    if (series.count === 2) {
      this.#write(series);
      this.#refreshLater(series);
    }
  }

  #refreshLater(series: Series): void {
    series.cancelRefresh = this.#options.clock.after(REFRESH_MS, () => {
      this.#write(series);
      this.#refreshLater(series);
    });
  }

  #finish(key: string): void {
    const series = this.#series.get(key);
    if (series !== undefined) {
      this.#series.delete(key);
      series.cancelFinish();
      series.cancelRefresh();
      this.#write(series);
    }
  }

  #write(series: Series): void {
    const { count, lastObservedTime, event } = series;
    if (count === series.writtenCount) {
      return;
    }
    series.writtenCount = count;
    const { client } = this.#options;
    this.#enqueue(event.metadata.namespace, async (signal) => {
      const body = { series: { count, lastObservedTime } };
      await client
        .patch(EVENTS, event.metadata, { type: 'merge', body }, { signal })
        .catch(async (error: unknown) => {
          if (!isNotFound(error)) {
            throw error;
          }
          // The event outlived its time to live on the server (an hour by default), the series did not.
          await client.create(EVENTS, { ...event, ...body }, { signal });
        });
    });
  }

  /**
   * Appends to the one line of writes, which keeps a series' writes in order and the load on the server low.
   */
  #enqueue(namespace: string, write: EventWrite): void {
    const ofNamespace = this.#pendingOf.get(namespace) ?? 0;
    if (this.#pending >= MAX_PENDING || ofNamespace >= MAX_PENDING_OF_ONE) {
      this.#options.metrics.events.inc({ result: 'dropped' });
      return;
    }
    this.#pending += 1;
    this.#pendingOf.set(namespace, ofNamespace + 1);
    this.#append(namespace, write, 1);
  }

  /** What the server has no time for is written later, behind the others, and holds up none of them. */
  #append(namespace: string, write: EventWrite, tries: number): void {
    this.#tail = this.#tail.then(async () => {
      if ((await this.#attempt(write, tries)) === 'busy') {
        this.#later(() => this.#append(namespace, write, tries + 1));
      } else {
        this.#settle(namespace);
      }
    });
  }

  #later(act: () => void): void {
    const cancel = this.#options.clock.after(RETRY_MS, () => {
      this.#waiting.delete(act);
      act();
    });
    this.#waiting.set(act, cancel);
  }

  #settle(namespace: string): void {
    this.#pending -= 1;
    const left = (this.#pendingOf.get(namespace) ?? 1) - 1;
    if (left === 0) {
      this.#pendingOf.delete(namespace);
    } else {
      this.#pendingOf.set(namespace, left);
    }
  }

  /** @param busyTries how often the server was asked so far, this time included */
  async #attempt(write: EventWrite, busyTries: number): Promise<'busy' | 'settled'> {
    const { clock, logger, metrics } = this.#options;
    const { signal } = this.#closing;
    for (let tries = busyTries; ; tries += 1) {
      try {
        await write(signal);
        return 'settled';
      } catch (error) {
        if (tries > 1 && isAlreadyExists(error)) {
          // The answer to an earlier try was lost, and not the event.
          return 'settled';
        }
        // The server's no is final for an event; a lost connection and a server under load are none.
        const isBusy = isServerBusy(error);
        const isFinal = (error instanceof APIError && !isBusy) || (isBusy && this.#isClosing);
        if (isFinal || signal.aborted || tries >= MAX_TRIES) {
          metrics.events.inc({ result: 'failed' });
          logger.warn({ err: error }, 'an event could not be written; it is dropped');
          return 'settled';
        }
        if (isBusy) {
          return 'busy';
        }
        await sleep(clock, RETRY_MS, signal).catch(() => undefined);
      }
    }
  }
}
