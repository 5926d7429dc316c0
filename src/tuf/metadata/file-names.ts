import type { Version } from './version.ts';

/** The only file whose name carries no version: its version is what readers come to learn (spec 5.4.1). */
export const TIMESTAMP_FILE = 'timestamp.json';

/**
 * Name of one version of a role. Role names are taken as they are; encoding them is the source's business.
 */
export function fileName(role: string, version: Version): string {
  return `${version}.${role}.json`;
}

/** A role and a version that a reader takes a file's name for. */
export interface VersionedName {
  readonly role: string;
  readonly version: Version;
}

const VERSIONED = /^([1-9]\d{0,15})\.(.+)\.json$/s;

/** Reads `N.role.json` (spec 6.2.1), N a plain number below 2^53; undefined for any other name. */
export function parseFileName(name: string): { readonly role: string; readonly version: number } | undefined {
  const [, digits, role] = VERSIONED.exec(name) ?? [];
  const version = Number(digits);
  return role === undefined || !Number.isSafeInteger(version) ? undefined : { role, version };
}

const SUFFIX = '.json';
const MAX_INT64 = 2n ** 63n - 1n;

/** What the server takes a name for: a version of a role, or a role without a version. */
export type ServerName = VersionedName | { readonly role: string; readonly version: undefined };

/**
 * Reads a name as the server does (faynoSync 2.1.0, storage.go): without `.json` at its end, the last dot
 * separates the role from the version, and the version is whatever Go's Atoi reads (a sign, leading zeros, up
 * to 2^63 − 1). A name without a dot is a role of its own. Undefined for a name that the server passes over.
 */
export function parseAsServer(name: string): ServerName | undefined {
  const stem = name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
  const dot = stem.lastIndexOf('.');
  if (dot < 0) {
    return { role: stem, version: undefined };
  }
  const version = atoi(stem.slice(0, dot));
  return version === undefined ? undefined : { role: stem.slice(dot + 1), version };
}

/** Go's strconv.Atoi on 64 bits; undefined where that fails. */
function atoi(text: string): Version | undefined {
  // An object's name has at most 1,024 bytes; zeros in front don't count.
  if (!/^[+-]?\d+$/.test(text)) {
    return undefined;
  }
  const value = BigInt(text.replace(/^\+/, ''));
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n) {
    return undefined;
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
