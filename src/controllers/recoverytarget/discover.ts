import { Semaphore } from '../../async/semaphore.ts';
import { MAX_ADMIN_SEGMENTS } from '../../faynosync/layout.ts';
import type { App } from '../../recovery/request.ts';
import type { S3Bucket } from '../../storage/s3/s3-bucket.ts';
import { listFolders, listPages } from '../../storage/s3/s3-pages.ts';

/** An app as the bucket shows it; nothing of it is verified. */
export interface FoundApp extends App {
  /** The highest N of any `N.root.json`; undefined when there is none among the first files. */
  readonly rootVersion: number | undefined;
}

/** What {@link discoverApps} looks at, at most. */
export interface DiscoveryLimits {
  readonly apps: number;
  /** Pages of 1,000 files in which an app's roots are looked for. */
  readonly pagesPerApp: number;
  /** Admins listed at once. */
  readonly concurrency: number;
}

const defaultLimits: DiscoveryLimits = { apps: 100, pagesPerApp: 10, concurrency: 8 };

/**
 * What one sweep over a bucket has found so far. A sweep that runs out of time continues where it was, so
 * that a slow store is listed in full, only later.
 */
export class DiscoverySweep {
  /** Apps of the admins that were listed to the end, in the order of the store. */
  readonly #byAdmin = new Map<string, readonly FoundApp[]>();

  /** What was listed so far. */
  get apps(): readonly FoundApp[] {
    return [...this.#byAdmin.values()].flat();
  }

  has(adminName: string): boolean {
    return this.#byAdmin.has(adminName);
  }

  add(adminName: string, apps: readonly FoundApp[]): void {
    this.#byAdmin.set(adminName, apps);
  }
}

/**
 * The first apps below `prefix`, by name, as `<prefix>/<admin>/<app>/`; an admin's name may hold slashes.
 * Lists folders only, and of each app the files, so it costs one request for each admin and app and not one
 * for each thousand files of the bucket.
 *
 * @param prefix without a slash at the end
 * @param sweep what an earlier call has listed; what this one lists is added to it
 * @throws TransientError or TerminalError of the storage taxonomy, or the reason of `signal`
 */
export async function discoverApps(
  bucket: S3Bucket,
  prefix: string,
  signal: AbortSignal,
  sweep: DiscoverySweep = new DiscoverySweep(),
  limits: DiscoveryLimits = defaultLimits,
): Promise<readonly FoundApp[]> {
  const slots = new Semaphore(limits.concurrency);
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  const listing: Promise<void>[] = [];
  try {
    for await (const adminName of listFolders(bucket, `${prefix}/`, until)) {
      if (sweep.has(adminName)) {
        continue;
      }
      const release = await slots.acquire(1, until);
      if (sweep.apps.length >= limits.apps) {
        release();
        break;
      }
      listing.push(
        appsOf(bucket, prefix, adminName, limits, until)
          .then((apps) => sweep.add(adminName, apps))
          .catch((error: unknown) => failed.abort(error))
          .finally(release),
      );
    }
  } finally {
    await Promise.all(listing);
  }
  until.throwIfAborted();
  return sweep.apps.toSorted(byName).slice(0, limits.apps);
}

async function appsOf(
  bucket: S3Bucket,
  prefix: string,
  adminName: string,
  limits: DiscoveryLimits,
  signal: AbortSignal,
): Promise<readonly FoundApp[]> {
  const found: FoundApp[] = [];
  for await (const appName of listFolders(bucket, `${prefix}/${adminName}/`, signal)) {
    const { holdsFiles, rootVersion } = await lookInto(
      bucket,
      `${prefix}/${adminName}/${appName}/`,
      limits,
      signal,
    );
    if (holdsFiles) {
      found.push({ adminName, appName, rootVersion });
    } else if (adminName.split('/').length < MAX_ADMIN_SEGMENTS) {
      // Folders only: what looks like an app is the next part of an admin's name.
      found.push(...(await appsOf(bucket, prefix, `${adminName}/${appName}`, limits, signal)));
    }
    if (found.length >= limits.apps) {
      break;
    }
  }
  return found;
}

/** Whether a folder has files of its own, and the highest root among the first of them. */
async function lookInto(
  bucket: S3Bucket,
  prefix: string,
  { pagesPerApp }: DiscoveryLimits,
  signal: AbortSignal,
): Promise<{ readonly holdsFiles: boolean; readonly rootVersion: number | undefined }> {
  let holdsFiles = false;
  let highest: number | undefined;
  let pages = 0;
  for await (const { objects } of listPages(bucket, prefix, '/', signal)) {
    holdsFiles ||= objects.length > 0;
    for (const { name } of objects) {
      const version = Number(/^([1-9][0-9]{0,14})\.root\.json$/.exec(name)?.[1] ?? 0);
      if (version > (highest ?? 0)) {
        highest = version;
      }
    }
    pages += 1;
    if (pages >= pagesPerApp) {
      break;
    }
  }
  return { holdsFiles, rootVersion: highest };
}

function byName(a: App, b: App): number {
  return a.adminName === b.adminName ? compare(a.appName, b.appName) : compare(a.adminName, b.adminName);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
