import type { Clock } from '../../async/clock.ts';
import type { App } from '../../faynosync/app.ts';
import type { S3Bucket } from '../../storage/s3/s3-bucket.ts';
import { getIfChanged } from '../../storage/s3/s3-conditional-get.ts';
import type { BucketUse } from '../target-connection/bucket-pool.ts';
import { listApps } from './list-apps.ts';

/** What a {@link BucketWatch} tells. Calls are synchronous, cheap and must not throw. */
export interface BucketWatchListener {
  /** The timestamp of an app is no longer the one that was verified, or could not be read. */
  signed(appID: string): void;
  /** The apps in the bucket were listed, all of them. */
  listed(): void;
}

/** Options of {@link BucketWatch}. */
export interface BucketWatchOptions {
  /** Opened anew after a while and after a failure, so that rotated credentials count. */
  readonly open: (signal: AbortSignal) => Promise<BucketUse>;
  /** Without a slash at the end. */
  readonly prefix: string;
  readonly listener: BucketWatchListener;
  readonly clock: Clock;
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
/** After a failure, and after a marker of an unknown app was written. */
const listSoonMs = 1_000;
const listAgainMs = 30_000;
const reopenAfterMs = 600_000;
const checkTimeoutMs = 20_000;

/**
 * Knows whether anything was signed since an app was verified, at the price of one conditional GET, and which
 * apps there are, at the price of one listing for each admin. Both again and again, spread evenly.
 */
export class BucketWatch {
  readonly #options: BucketWatchOptions;
  readonly #apps = new Map<string, Watched>();
  readonly #abort = new AbortController();
  #use: { readonly use: BucketUse; readonly openedAt: number } | undefined;
  #found: readonly App[] | undefined;
  #cancelList: (() => void) | undefined;
  #cancelCheck: (() => void) | undefined;
  #listing = false;

  constructor(options: BucketWatchOptions) {
    this.#options = options;
    this.#listIn(0);
    this.#checkLater();
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
  }

  /** Checks an app no longer. */
  drop(appID: string): void {
    this.#apps.delete(appID);
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
    if (answer.kind === 'unchanged') {
      return true;
    }
    if (answer.sha256 !== watched.sha256) {
      return false;
    }
    watched.etag = answer.etag;
    return true;
  }

  /** Lists the apps soon: one may be new. */
  listSoon(): void {
    this.#listIn(listSoonMs);
  }

  close(): void {
    this.#abort.abort(new Error('The RecoveryTarget is no longer watched.'));
    this.#cancelList?.();
    this.#cancelCheck?.();
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

  #listIn(delayMs: number): void {
    if (this.#listing) {
      return;
    }
    this.#cancelList?.();
    this.#cancelList = this.#options.clock.after(delayMs, () => void this.#list());
  }

  async #list(): Promise<void> {
    this.#listing = true;
    let next = listEveryMs;
    try {
      const bucket = await this.#bucket(this.#abort.signal);
      this.#found = await listApps(bucket, this.#options.prefix, this.#abort.signal);
      this.#options.listener.listed();
    } catch {
      // The target's own probe tells what is wrong with the bucket.
      this.#drop();
      next = listAgainMs;
    } finally {
      this.#listing = false;
    }
    if (!this.#abort.signal.aborted) {
      this.#listIn(next);
    }
  }

  /** One app at a time, in turn, so often that each comes once in its interval. */
  #checkLater(): void {
    const apps = Math.max(1, this.#apps.size);
    this.#cancelCheck = this.#options.clock.after(checkInterval(apps) / apps, () => {
      const [appID] = this.#apps.keys();
      const watched = appID === undefined ? undefined : this.#apps.get(appID);
      if (appID === undefined || watched === undefined) {
        this.#checkLater();
        return;
      }
      // To the end of the line.
      this.#apps.delete(appID);
      this.#apps.set(appID, watched);
      this.isUnchanged(appID)
        .catch(() => {
          this.#drop();
          return false;
        })
        .then((unchanged) => {
          if (!unchanged && !this.#abort.signal.aborted) {
            this.#options.listener.signed(appID);
          }
        })
        .finally(() => {
          if (!this.#abort.signal.aborted) {
            this.#checkLater();
          }
        });
    });
  }
}

/** Milliseconds in which every app is checked once: a minute for few, ten minutes for a thousand and more. */
function checkInterval(apps: number): number {
  return Math.min(600_000, Math.max(60_000, apps * 600));
}
