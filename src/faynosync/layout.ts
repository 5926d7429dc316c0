import type { App } from './app.ts';

/** Prefix of every app in the bucket, unless the target says otherwise. */
export const DEFAULT_PREFIX = 'tuf_metadata';

/** Where the server keeps an app's metadata: `tuf_metadata/<admin>/<app>/`. */
export function metadataPrefix(app: App, prefix: string = DEFAULT_PREFIX): string {
  return `${prefix}/${app.adminName}/${app.appName}/`;
}

/** An admin's name may hold slashes, and each is a folder of the bucket: so many parts are looked for. */
export const MAX_ADMIN_SEGMENTS = 8;

/** What the server's earliest versions called version 1 of root. */
export const LEGACY_ROOT = 'root.json';
/** What it is called today. */
export const MODERN_ROOT = '1.root.json';

const versionedRoot = /^\d+\.root\.json$/;

/** Whether an object is a root of an app that was bootstrapped. */
export function isPersistedRoot(name: string): boolean {
  return versionedRoot.test(name);
}

const versionedFile = /^(\d+)\.(.+)\.json$/;

/**
 * The role and version a versioned file's name carries; undefined for `timestamp.json` and foreign objects.
 */
export function parseVersionedName(
  name: string,
): { readonly role: string; readonly version: number } | undefined {
  const [, version, role] = versionedFile.exec(name) ?? [];
  return version === undefined || role === undefined ? undefined : { role, version: Number(version) };
}
