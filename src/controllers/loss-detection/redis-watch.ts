import { createHash } from 'node:crypto';
import { Backoff } from '../../async/backoff.ts';
import type { Clock } from '../../async/clock.ts';
import { TransientError } from '../../errors.ts';
import type { RedisEndpoint } from '../../redis/endpoint.ts';
import type { ObservedValues } from '../../redis/state-store.ts';
import { TrackedReader, type Tracking } from '../../redis/tracking/tracked-reader.ts';

/** Whether Redis answers, and how its changes become known. */
export type RedisAvailability =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'up'; readonly tracking: Tracking }
  | { readonly kind: 'down'; readonly error: Error };

/** What a {@link RedisWatch} tells. Calls are synchronous, cheap and must not throw. */
export interface RedisWatchListener {
  /** What the keys of an app hold differs from what was read before. */
  changed(appID: string): void;
  /** A key that begins with one of the prefixes was written or deleted, and no app is watched by it. */
  unknownKey(key: string): void;
  /** Redis went away, came back, or changes become known in another way. */
  availabilityChanged(availability: RedisAvailability): void;
}

/** Options of {@link RedisWatch}. */
export interface RedisWatchOptions {
  /** Read anew for every connection, so that a rotated password counts from the next one on. */
  readonly endpoint: () => Promise<RedisEndpoint>;
  /** Keys to hear of without having read them. */
  readonly prefixes: readonly string[];
  readonly canaryKey: string | undefined;
  readonly listener: RedisWatchListener;
  readonly clock: Clock;
  readonly random: () => number;
}

interface Watched {
  readonly keys: readonly string[];
  /** Digest of what the keys held when they were read last; undefined before the first read. */
  seen: string | undefined;
}

type Waiter = PromiseWithResolvers<ObservedValues>;

const reconnect = { initialMs: 250, maxMs: 10_000, resetAfterMs: 60_000 };
/**
 * The end of a connection that stood for this long is another outage: a Redis that restarts again and again
 * is found as fast each time.
 */
const stoodMs = 5_000;
/** Apps read in one go; changes that come meanwhile are in the next. */
const appsAtOnce = 256;
/** Changes within this many milliseconds are read together: one write of the server sets many keys. */
const gatherMs = 3;
const canaryEveryMs = 30_000;
/**
 * Where Redis refuses tracking, tracking is tried again after this long: the ACL may have been
 * corrected.
 */
const trackAgainMs = 300_000;
/** The same where there was no answer: that may have been an outage. */
const trackSoonMs = 30_000;

/**
 * Knows what the keys of many apps of one Redis hold, over one pair of connections. With tracking a change is
 * read within milliseconds; without, everything is read again and again. Whatever may have been missed (a new
 * connection, a flush, a lost canary) is read again, all of it.
 */
export class RedisWatch {
  readonly #options: RedisWatchOptions;
  readonly #apps = new Map<string, Watched>();
  /**
   * Redis key → the app it belongs to, or the apps. A set for each key would take 20 MiB for ten thousand
   * apps.
   */
  readonly #byKey = new Map<string, string | ReadonlySet<string>>();
  readonly #pending = new Set<string>();
  readonly #waiters = new Map<string, Waiter[]>();
  readonly #backoff: Backoff;
  #availability: RedisAvailability = { kind: 'connecting' };
  #reader: TrackedReader | undefined;
  /** Since when there is one, monotonic. */
  #openedAtMs = 0;
  #pumping = false;
  #closed = false;
  readonly #timers = new Set<() => void>();

  constructor(options: RedisWatchOptions) {
    this.#options = options;
    this.#backoff = new Backoff(reconnect, options.clock, options.random);
    void this.#connect();
  }

  get availability(): RedisAvailability {
    return this.#availability;
  }

  /** Watches the keys of an app from the next {@link read} on; other keys than before take their place. */
  put(appID: string, keys: readonly string[]): void {
    const before = this.#apps.get(appID);
    if (before !== undefined && sameKeys(before.keys, keys)) {
      return;
    }
    this.drop(appID);
    this.#apps.set(appID, { keys, seen: undefined });
    for (const key of keys) {
      const others = appsIn(this.#byKey.get(key));
      this.#byKey.set(key, others.length === 0 ? appID : new Set([...others, appID]));
    }
  }

  /** Watches an app no longer. */
  drop(appID: string): void {
    const watched = this.#apps.get(appID);
    if (watched === undefined) {
      return;
    }
    this.#apps.delete(appID);
    for (const key of watched.keys) {
      const [first, ...more] = appsIn(this.#byKey.get(key)).filter((other) => other !== appID);
      if (first === undefined) {
        this.#byKey.delete(key);
      } else {
        this.#byKey.set(key, more.length === 0 ? first : new Set([first, ...more]));
      }
    }
  }

  /**
   * What the keys of a watched app hold now. Reads of many apps share a round trip.
   *
   * @throws TransientError or TerminalError of the Redis taxonomy
   */
  read(appID: string): Promise<ObservedValues> {
    if (this.#availability.kind === 'down') {
      return Promise.reject(this.#availability.error);
    }
    const waiter: Waiter = Promise.withResolvers();
    this.#waiters.set(appID, [...(this.#waiters.get(appID) ?? []), waiter]);
    this.#pending.add(appID);
    this.#pumpSoon();
    return waiter.promise;
  }

  /** Reads every app again; the listener is called for those that differ. */
  readAll(): void {
    for (const appID of this.#apps.keys()) {
      this.#pending.add(appID);
    }
    this.#pumpSoon();
  }

  /** Closes the connections; the listener is not called any more. */
  close(): void {
    this.#closed = true;
    for (const cancel of this.#timers) {
      cancel();
    }
    this.#reader?.close();
    this.#reader = undefined;
    this.#fail(new TransientError('Aborted', 'The RecoveryTarget is no longer watched.'));
  }

  async #connect(): Promise<void> {
    const opened = await this.#openReader().catch(asError);
    if (opened instanceof Error) {
      this.#lost(undefined, opened);
    } else {
      this.#use(opened);
    }
  }

  /** @throws TransientError or TerminalError of the Redis taxonomy, or what resolving the endpoint throws */
  async #openReader(): Promise<TrackedReader> {
    const { endpoint, prefixes, canaryKey, listener } = this.#options;
    const lost = new TransientError('RedisUnreachable', 'The connection to Redis was lost.');
    let open = true;
    const reader = { current: undefined as TrackedReader | undefined };
    reader.current = await TrackedReader.open({
      endpoint: await endpoint(),
      prefixes,
      canaryKey,
      sink: {
        invalidated: (keys) => this.#invalidated(keys, listener),
        flushed: () => this.readAll(),
        closed: () => {
          open = false;
          if (reader.current !== undefined) {
            this.#lost(reader.current, lost);
          }
        },
      },
    });
    if (this.#closed || !open) {
      reader.current.close();
      throw lost;
    }
    return reader.current;
  }

  #use(reader: TrackedReader): void {
    this.#reader = reader;
    this.#openedAtMs = this.#options.clock.monotonic();
    this.#become({ kind: 'up', tracking: reader.tracking });
    this.readAll();
    this.#watchOver(reader);
  }

  /** Proves again and again that invalidations arrive; reads all where they do not. */
  #watchOver(reader: TrackedReader): void {
    const { tracking } = reader;
    if (tracking.kind === 'polling') {
      this.#poll(reader, tracking.refused);
      return;
    }
    this.#later(canaryEveryMs, () => {
      if (this.#reader !== reader) {
        return;
      }
      reader.prove().then(
        (proof) => {
          if (this.#reader !== reader) {
            return;
          }
          if (proof === false) {
            // Whatever swallowed this one may have swallowed others.
            const why = 'An invalidation of our own key did not arrive.';
            this.#become({ kind: 'up', tracking: { kind: 'polling', why, refused: true } });
            this.readAll();
            this.#poll(reader, true);
            return;
          }
          if (proof === undefined) {
            this.readAll();
          }
          this.#watchOver(reader);
        },
        // The reader has reported that it is closed.
        () => undefined,
      );
    });
  }

  #poll(reader: TrackedReader, refused: boolean): void {
    this.#pollLater(reader);
    this.#later(refused ? trackAgainMs : trackSoonMs, () => void this.#trackAgain(reader));
  }

  #pollLater(reader: TrackedReader): void {
    this.#later(pollInterval(this.#apps.size), () => {
      if (this.#reader === reader) {
        this.readAll();
        this.#pollLater(reader);
      }
    });
  }

  /** Another reader takes the place of one that polls, which reads on until then. */
  async #trackAgain(reader: TrackedReader): Promise<void> {
    if (this.#reader !== reader) {
      return;
    }
    const next = await this.#openReader().catch(asError);
    if (this.#closed || this.#reader !== reader) {
      if (!(next instanceof Error)) {
        next.close();
      }
      return;
    }
    if (next instanceof Error) {
      this.#later(trackSoonMs, () => void this.#trackAgain(reader));
      return;
    }
    this.#reader = undefined;
    reader.close();
    this.#use(next);
  }

  #invalidated(keys: readonly string[], listener: RedisWatchListener): void {
    for (const key of keys) {
      const apps = appsIn(this.#byKey.get(key));
      if (apps.length === 0) {
        listener.unknownKey(key);
        continue;
      }
      for (const appID of apps) {
        this.#pending.add(appID);
      }
    }
    this.#pumpSoon();
  }

  #pumpSoon(): void {
    if (this.#pumping || this.#closed || this.#reader === undefined || this.#pending.size === 0) {
      return;
    }
    this.#pumping = true;
    this.#later(gatherMs, () => {
      void this.#pump().finally(() => {
        this.#pumping = false;
        this.#pumpSoon();
      });
    });
  }

  async #pump(): Promise<void> {
    const reader = this.#reader;
    const watched = [...this.#pending].slice(0, appsAtOnce).flatMap((appID) => {
      // Taken out before the read: who asks from here on, and what changes from here on, is read again.
      this.#pending.delete(appID);
      const waiters = this.#waiters.get(appID) ?? [];
      this.#waiters.delete(appID);
      const app = this.#apps.get(appID);
      if (app === undefined) {
        for (const waiter of waiters) {
          waiter.reject(new TransientError('Aborted', 'The app is no longer watched.'));
        }
      }
      return app === undefined ? [] : [{ appID, app, waiters }];
    });
    if (reader === undefined || watched.length === 0) {
      return;
    }
    try {
      const read = await reader.read(watched.map(({ app }) => app.keys));
      for (const [at, { appID, app, waiters }] of watched.entries()) {
        const values = read[at];
        if (values !== undefined) {
          this.#took(appID, app, values, waiters);
        }
      }
    } catch (error) {
      const cause = asError(error);
      for (const { appID, waiters } of watched) {
        this.#pending.add(appID);
        for (const waiter of waiters) {
          waiter.reject(cause);
        }
      }
      this.#lost(reader, cause);
    }
  }

  #took(appID: string, app: Watched, values: ObservedValues, waiters: readonly Waiter[]): void {
    const seen = digest(values);
    const known = app.seen !== undefined;
    const differs = app.seen !== seen;
    app.seen = seen;
    for (const waiter of waiters) {
      waiter.resolve(values);
    }
    // A caller that waited has the values; without one the listener is called, also when an app is first
    // seen.
    if (differs && (known || waiters.length === 0)) {
      this.#options.listener.changed(appID);
    }
  }

  /** A lost connection, once: the next one is opened after a pause, and everything is read again over it. */
  #lost(reader: TrackedReader | undefined, error: Error): void {
    if (this.#closed || (reader !== undefined && this.#reader !== reader)) {
      return;
    }
    if (reader !== undefined && this.#options.clock.monotonic() - this.#openedAtMs >= stoodMs) {
      this.#backoff.reset();
    }
    this.#reader = undefined;
    reader?.close();
    this.#become({ kind: 'down', error });
    this.#fail(error);
    this.#later(this.#backoff.next(), () => void this.#connect());
  }

  #fail(error: Error): void {
    const waiters = [...this.#waiters.values()].flat();
    this.#waiters.clear();
    for (const waiter of waiters) {
      waiter.reject(error);
    }
  }

  #become(availability: RedisAvailability): void {
    this.#availability = availability;
    if (!this.#closed) {
      this.#options.listener.availabilityChanged(availability);
    }
  }

  #later(delayMs: number, act: () => void): void {
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      if (!this.#closed) {
        act();
      }
    });
    this.#timers.add(cancel);
  }
}

/** Milliseconds between two polls: often for few apps, and never more than some thousand keys a second. */
function pollInterval(apps: number): number {
  return Math.min(30_000, Math.max(2_000, apps * 5));
}

function appsIn(held: string | ReadonlySet<string> | undefined): readonly string[] {
  return held === undefined ? [] : typeof held === 'string' ? [held] : [...held];
}

function digest(values: ObservedValues): string {
  const hash = createHash('md5');
  for (const [key, held] of values) {
    // A TTL runs down all the time; only that there is one is news.
    const content =
      held.kind === 'string'
        ? [held.value, held.ttlMs !== undefined]
        : held.kind === 'wrongType'
          ? [held.type]
          : [];
    hash.update(JSON.stringify([key, held.kind, ...content]));
  }
  return hash.digest('base64');
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, at) => key === b[at]);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
