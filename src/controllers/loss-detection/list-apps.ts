import { Semaphore } from '../../async/semaphore.ts';
import { TransientError } from '../../errors.ts';
import type { App } from '../../faynosync/app.ts';
import { isValidApp } from '../../faynosync/app.ts';
import { MAX_ADMIN_SEGMENTS } from '../../faynosync/layout.ts';
import type { S3Bucket } from '../../storage/s3/s3-bucket.ts';
import { listFolders, listPages } from '../../storage/s3/s3-pages.ts';

/**
 * Apps of one bucket; beyond it the listing is refused, because it would take the memory of the controller.
 */
const maxApps = 50_000;
/** Folders looked into at once, the first time that they are seen. */
const concurrency = 8;
/** Pages of a folder that are read until a file shows: folders come first only where their names do. */
const maxPages = 10;

/**
 * Lists the apps of one bucket, again and again: every folder `<prefix>/<admin>/<app>/` with files of its
 * own, by name. An admin's name may hold slashes, so a folder without files is the next part of one. Nothing
 * is read and nothing verified. Folders whose names can't be an app of the server are left out.
 *
 * One request for all admins, one for each, and one for each folder that no earlier listing has shown.
 */
export class AppListing {
  /** Folder below the prefix → whether it has files of its own, as far as the last listing came. */
  #known: ReadonlyMap<string, boolean> = new Map();

  /** @throws TransientError or TerminalError of the storage taxonomy, or the reason of `signal` */
  async list(bucket: S3Bucket, prefix: string, signal: AbortSignal): Promise<readonly App[]> {
    const sweep = new Sweep(bucket, prefix, this.#known, signal);
    const found: App[] = [];
    try {
      for await (const adminName of listFolders(bucket, `${prefix}/`, signal)) {
        found.push(...(await sweep.appsOf(adminName)));
      }
    } finally {
      // Also where it failed: what was learned is not asked for again.
      this.#known = sweep.seen;
    }
    return found;
  }
}

/** One listing under way. */
class Sweep {
  readonly seen = new Map<string, boolean>();
  readonly #bucket: S3Bucket;
  readonly #prefix: string;
  readonly #known: ReadonlyMap<string, boolean>;
  readonly #signal: AbortSignal;
  readonly #slots = new Semaphore(concurrency);
  #count = 0;

  constructor(bucket: S3Bucket, prefix: string, known: ReadonlyMap<string, boolean>, signal: AbortSignal) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#known = known;
    this.#signal = signal;
  }

  async appsOf(adminName: string): Promise<readonly App[]> {
    const names: string[] = [];
    for await (const name of listFolders(this.#bucket, `${this.#prefix}/${adminName}/`, this.#signal)) {
      names.push(name);
      this.#countOne();
    }
    const areApps = await Promise.all(names.map((name) => this.#hasFiles(`${adminName}/${name}`)));
    const found: App[] = [];
    for (const [index, appName] of names.entries()) {
      const app = { adminName, appName };
      if (areApps[index] === true) {
        found.push(...(isValidApp(app) ? [app] : []));
      } else if (adminName.split('/').length < MAX_ADMIN_SEGMENTS) {
        found.push(...(await this.appsOf(`${adminName}/${appName}`)));
      }
    }
    return found;
  }

  #countOne(): void {
    this.#count += 1;
    if (this.#count > maxApps) {
      throw new TransientError(
        'Throttled',
        `s3://${this.#bucket.name}/${this.#prefix}/ holds more than ${maxApps} apps.`,
      );
    }
  }

  async #hasFiles(folder: string): Promise<boolean> {
    const hasFiles = this.#known.get(folder) ?? (await this.#lookInto(folder));
    this.seen.set(folder, hasFiles);
    return hasFiles;
  }

  async #lookInto(folder: string): Promise<boolean> {
    const release = await this.#slots.acquire(1, this.#signal);
    try {
      let pages = 0;
      for await (const { objects } of listPages(
        this.#bucket,
        `${this.#prefix}/${folder}/`,
        '/',
        this.#signal,
      )) {
        pages += 1;
        if (objects.length > 0 || pages >= maxPages) {
          return objects.length > 0;
        }
      }
      return false;
    } finally {
      release();
    }
  }
}
