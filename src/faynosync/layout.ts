import type { App } from './app.ts';

/** Prefix of every app in the bucket, unless the target says otherwise. */
export const DEFAULT_PREFIX = 'tuf_metadata';

/** Where the server keeps an app's metadata: `tuf_metadata/<admin>/<app>/`. */
export function metadataPrefix(app: App, prefix: string = DEFAULT_PREFIX): string {
  return `${prefix}/${app.adminName}/${app.appName}/`;
}

/** An object's name relative to the app's prefix. */
interface Named {
  readonly name: string;
}

/** What the server's earliest versions called version 1 of root. */
export const LEGACY_ROOT = 'root.json';

const versionedRoot = /^\d+\.root\.json$/;

/** Whether the app was ever bootstrapped. */
export function hasPersistedRoot(listing: Iterable<Named>): boolean {
  for (const { name } of listing) {
    if (versionedRoot.test(name)) {
      return true;
    }
  }
  return false;
}

/**
 * What `root.json` is called today; undefined when there is none, or a versioned root makes it a mere copy.
 */
export function legacyRootName(listing: Iterable<Named>): string | undefined {
  let hasLegacyRoot = false;
  for (const { name } of listing) {
    if (versionedRoot.test(name)) {
      return undefined;
    }
    hasLegacyRoot ||= name === LEGACY_ROOT;
  }
  return hasLegacyRoot ? '1.root.json' : undefined;
}

const versionedFile = /^(\d+)\.(.+)\.json$/;

/**
 * What a bootstrap that broke off has not uploaded. It uploads delegated roles, 1.root, 1.targets, 1.snapshot
 * and timestamp, in this order: without timestamp.json and with nothing above version 1 it never finished.
 * With anything else missing it did finish, and the file was lost later.
 *
 * @returns the missing names; empty when the listing does not look like an unfinished bootstrap
 */
export function missingFromBootstrap(listing: Iterable<Named>): readonly string[] {
  const missing = new Set(['1.targets.json', '1.snapshot.json', 'timestamp.json']);
  for (const { name } of listing) {
    if (Number(versionedFile.exec(name)?.[1] ?? 1) > 1 || name === 'timestamp.json') {
      return [];
    }
    missing.delete(name);
  }
  return [...missing];
}

/**
 * The role and version a versioned file's name carries; undefined for `timestamp.json` and foreign objects.
 */
export function parseVersionedName(
  name: string,
): { readonly role: string; readonly version: number } | undefined {
  const [, version, role] = versionedFile.exec(name) ?? [];
  return version === undefined || role === undefined ? undefined : { role, version: Number(version) };
}
