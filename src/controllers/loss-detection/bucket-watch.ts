import type { Clock } from '../../async/clock.ts';
import { TransientError } from '../../errors.ts';
import { type App, suffixOf } from '../../faynosync/app.ts';
import type { S3Bucket } from '../../storage/s3/s3-bucket.ts';
import { getIfChanged } from '../../storage/s3/s3-conditional-get.ts';
import type { BucketUse } from '../target-connection/bucket-pool.ts';
import { AppListing } from './list-apps.ts';
import { StorageOutage } from './storage-outage.ts';

/** What a {@link BucketWatch} tells. Calls are synchronous, cheap and must not throw. */
export interface BucketWatchListener {
  /** The timestamp of an app is no longer the one that was verified, or could not be read. */
  signed(appID: string): void;
  /** The apps in the bucket were listed, all of them. */
  listed(): void;
  /** A request failed, and the one before it had not. */
  failed(): void;
  /** A bucket that did not answer does again. */
  recovered(): void;
}

/** Options of {@link BucketWatch}. */
export interface BucketWatchOptions {
  /** Opened anew after a while and after a failure, so that rotated credentials count. */
  readonly open: (signal: AbortSignal) => Promise<BucketUse>;
  /** Without a slash at the end. */
  readonly prefix: string;
  readonly listener: BucketWatchListener;
  readonly clock: Clock;
  /** Uniform in [0, 1), for the jitter. */
  readonly random: () => number;
}

interface Watched {
  readonly app: App;
  /** Digest of the timestamp that was verified. */
  readonly sha256: string;
  etag: string | undefined;
}

const timestampName = 'timestamp.json';
/** A timestamp of the server has some hundred bytes. */
const maxTimestampBytes = 64 * 1024;
const listEveryMs = 300_000;
/** The same while Redis reports markers of new apps. */
const listEveryReportedMs = 21_600_000;
/** After a failure, and after a marker of an unknown app was written. */
const listSoonMs = 1_000;
const listAgainMs = 30_000;
const reopenAfterMs = 600_000;
/** The server has signed within this time of taking its lock, or is about to delete that. */
const checkSoonMs = 500;
/** An answer says for this long that the bucket can be reached: apps are checked more often. */
const recentMs = 900_000;
/** Every app is checked once in this time, while Redis reports what is signed. */
const checkEveryReportedMs = 600_000;
const checkTimeoutMs = 20_000;

/**
 * Knows whether anything was signed since an app was verified, at the price of one conditional GET, and which
 * apps there are, at the price of one listing for each admin and each new app. Both again and again, spread
 * evenly: rarely while Redis reports what the server signs, because then an app is checked when that happens.
 */
export class BucketWatch {
  readonly #options: BucketWatchOptions;
  readonly #apps = new Map<string, Watched>();
  /** What the keys of an app end in → the ids of the apps. Two apps of different admins may share it. */
  readonly #bySuffix = new Map<string, ReadonlySet<string>>();
  /** Apps of which something was signed, or is just being signed. */
  readonly #soon = new Set<string>();
  readonly #abort = new AbortController();
  readonly #appListing = new AppListing();
  readonly #outage: StorageOutage;
  #use: { readonly use: BucketUse; readonly openedAt: number } | undefined;
  #found: readonly App[] | undefined;
  #cancelList: (() => void) | undefined;
  #cancelCheck: (() => void) | undefined;
  /** When the next check is, monotonic; undefined while there is one. */
  #checkAtMs: number | undefined;
  #listing = false;
  /** A listing was asked for during one. */
  #listAgain = false;
  #checking = false;
  #isReported = false;
  /** When a request was answered last, monotonic; undefined when the last one was not. */
  #answeredAtMs: number | undefined;

  constructor(options: BucketWatchOptions) {
    this.#options = options;
    this.#outage = new StorageOutage({
      ...options,
      listener: { began: () => this.#noAnswer(), ended: () => this.#recovered() },
    });
    this.#listIn(0);
    this.#checkLater();
  }

  /** Whether Redis reports what the server signs: {@link checkSoon} is called then. */
  set isReported(isReported: boolean) {
    if (isReported !== this.#isReported && !this.#abort.signal.aborted) {
      this.#isReported = isReported;
      this.#checkLater();
      // What was reported meanwhile was not heard.
      this.#listIn(isReported ? listSoonMs : listEveryMs);
    }
  }

  /** Whether the last request was answered, and was sent not long ago: without apps none is for hours. */
  get isAnswering(): boolean {
    const atMs = this.#answeredAtMs;
    return atMs !== undefined && this.#options.clock.monotonic() - atMs < recentMs;
  }

  /** The apps in the bucket, by admin and name; undefined before the first listing. */
  get found(): readonly App[] | undefined {
    return this.#found;
  }

  /** Checks the timestamp of an app from now on, against the digest of the one that was verified. */
  put(appID: string, app: App, sha256: string): void {
    const before = this.#apps.get(appID);
    if (before?.sha256 === sha256) {
      return;
    }
    this.#apps.set(appID, { app, sha256, etag: undefined });
    const suffix = suffixOf(app);
    this.#bySuffix.set(suffix, new Set(this.#bySuffix.get(suffix)).add(appID));
    if (before === undefined) {
      // What was signed while it was verified for the first time was reported of an app not known here.
      this.#soon.add(appID);
    }
    this.#checkLater();
  }

  /** Checks an app no longer. */
  drop(appID: string): void {
    const watched = this.#apps.get(appID);
    this.#apps.delete(appID);
    this.#soon.delete(appID);
    if (watched !== undefined) {
      const suffix = suffixOf(watched.app);
      const others = [...(this.#bySuffix.get(suffix) ?? [])].filter((other) => other !== appID);
      if (others.length === 0) {
        this.#bySuffix.delete(suffix);
      } else {
        this.#bySuffix.set(suffix, new Set(others));
      }
    }
  }

  /** Checks the apps soon whose keys end in `suffix`: the server signs, or has just signed. */
  checkSoon(suffix: string): void {
    const isFirst = this.#soon.size === 0;
    for (const appID of this.#bySuffix.get(suffix) ?? []) {
      this.#soon.add(appID);
    }
    if (isFirst && this.#soon.size > 0) {
      this.#checkLater();
    }
  }

  /**
   * Whether the timestamp of an app still is the one that was verified.
   *
   * @throws TransientError or TerminalError of the storage taxonomy, or what opening throws
   */
  async isUnchanged(appID: string): Promise<boolean> {
    const watched = this.#apps.get(appID);
    if (watched === undefined) {
      return false;
    }
    const { app } = watched;
    const key = `${this.#options.prefix}/${app.adminName}/${app.appName}/${timestampName}`;
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(checkTimeoutMs)]);
    const bucket = await this.#bucket(signal);
    const answer = await getIfChanged(bucket, key, watched.etag, { maxBytes: maxTimestampBytes, signal });
    this.#answeredAtMs = this.#options.clock.monotonic();
    if (answer.kind === 'unchanged') {
      return true;
    }
    if (answer.sha256 !== watched.sha256) {
      return false;
    }
    watched.etag = answer.etag;
    return true;
  }

  /**
   * Has it found out whether the bucket answers at all: a request that was not sent from here failed. If it
   * does not, its return is reported.
   */
  suspect(): void {
    this.#outage.suspect();
  }

  /** Lists the apps soon: one may be new. */
  listSoon(): void {
    this.#listIn(listSoonMs);
  }

  close(): void {
    this.#abort.abort(new Error('The RecoveryTarget is no longer watched.'));
    this.#cancelList?.();
    this.#cancelCheck?.();
    this.#outage.close();
    this.#use?.use[Symbol.dispose]();
    this.#use = undefined;
  }

  async #bucket(signal: AbortSignal): Promise<S3Bucket> {
    const now = this.#options.clock.monotonic();
    if (this.#use !== undefined && now - this.#use.openedAt > reopenAfterMs) {
      this.#drop();
    }
    if (this.#use === undefined) {
      const use = await this.#options.open(signal);
      if (this.#abort.signal.aborted || this.#use !== undefined) {
        // Closed, or opened by another call, while this one was opened.
        use[Symbol.dispose]();
        this.#abort.signal.throwIfAborted();
      } else {
        this.#use = { use, openedAt: now };
      }
    }
    // Set by the first call.
    return (this.#use as unknown as { readonly use: BucketUse }).use.bucket;
  }

  #drop(): void {
    this.#use?.use[Symbol.dispose]();
    this.#use = undefined;
  }

  /** The next request has another connection, and credentials as they are then. */
  #failed(error: unknown): void {
    this.#drop();
    this.#noAnswer();
    if (error instanceof TransientError) {
      this.#outage.suspect();
    }
  }

  #noAnswer(): void {
    const hadAnswered = this.#answeredAtMs !== undefined;
    this.#answeredAtMs = undefined;
    if (hadAnswered && !this.#abort.signal.aborted) {
      this.#options.listener.failed();
    }
  }

  #recovered(): void {
    this.#listIn(0);
    this.#options.listener.recovered();
  }

  #listIn(delayMs: number): void {
    if (this.#listing) {
      // What it has passed already may have changed since.
      this.#listAgain = true;
      return;
    }
    this.#cancelList?.();
    this.#cancelList = this.#options.clock.after(delayMs, () => void this.#list());
  }

  async #list(): Promise<void> {
    this.#listing = true;
    this.#listAgain = false;
    let next = this.#isReported ? listEveryReportedMs : listEveryMs;
    try {
      const bucket = await this.#bucket(this.#abort.signal);
      this.#found = await this.#appListing.list(bucket, this.#options.prefix, this.#abort.signal);
      this.#answeredAtMs = this.#options.clock.monotonic();
      this.#options.listener.listed();
    } catch (error) {
      // The target's own probe tells what is wrong with the bucket.
      this.#failed(error);
      next = listAgainMs;
    } finally {
      this.#listing = false;
    }
    if (!this.#abort.signal.aborted) {
      this.#listIn(this.#listAgain ? Math.min(next, listSoonMs) : next);
    }
  }

  /** One app after the other, so often that each comes once in its interval; what was signed comes first. */
  #checkLater(): void {
    if (this.#checking || this.#abort.signal.aborted) {
      return;
    }
    const { clock } = this.#options;
    const apps = Math.max(1, this.#apps.size);
    const everyMs = this.#isReported ? checkEveryReportedMs : checkInterval(apps);
    const delayMs = this.#soon.size > 0 ? checkSoonMs : everyMs / apps;
    const atMs = clock.monotonic() + delayMs;
    if (this.#checkAtMs !== undefined && this.#checkAtMs <= atMs) {
      return;
    }
    this.#cancelCheck?.();
    this.#checkAtMs = atMs;
    this.#cancelCheck = clock.after(delayMs, () => {
      this.#checkAtMs = undefined;
      this.#checking = true;
      void this.#checkDue().finally(() => {
        this.#checking = false;
        this.#checkLater();
      });
    });
  }

  async #checkDue(): Promise<void> {
    const [next] = this.#apps.keys();
    const due = this.#soon.size > 0 ? [...this.#soon] : next === undefined ? [] : [next];
    for (const appID of due) {
      const watched = this.#apps.get(appID);
      // Before the check: what is signed from here on is checked again.
      this.#soon.delete(appID);
      if (watched === undefined || this.#abort.signal.aborted) {
        continue;
      }
      // To the end of the line.
      this.#apps.delete(appID);
      this.#apps.set(appID, watched);
      const unchanged = await this.isUnchanged(appID).catch((error: unknown) => {
        this.#failed(error);
        return false;
      });
      if (!unchanged && this.#apps.has(appID) && !this.#abort.signal.aborted) {
        this.#options.listener.signed(appID);
      }
    }
  }
}

/** Milliseconds in which every app is checked once: a minute for few, ten minutes for a thousand and more. */
function checkInterval(apps: number): number {
  return Math.min(600_000, Math.max(60_000, apps * 600));
}
