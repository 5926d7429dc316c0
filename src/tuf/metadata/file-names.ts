import type { ListedObject } from '../../storage/source.ts';
import type { Version } from './version.ts';

/** What a listing says about a repository: which version of which role lies there (spec 6.2.1: `N.role.json`). */
export interface Catalogue {
  /** Every listed object by name. */
  readonly objects: ReadonlyMap<string, ListedObject>;
  /** Listed root versions, ascending. */
  readonly roots: readonly number[];
  /** Highest listed version of every role but root. */
  readonly highest: ReadonlyMap<string, number>;
}

/** The only file whose name carries no version: its version is what readers come to learn (spec 5.4.1). */
export const TIMESTAMP_FILE = 'timestamp.json';

const VERSIONED = /^([1-9]\d{0,15})\.(.+)\.json$/s;

/** Name of one version of a role. Role names are taken as they are; encoding them is the source's business. */
export function fileName(role: string, version: Version): string {
  return `${version}.${role}.json`;
}

/** Sorts a listing by role. Names that are not `N.role.json` with a plain number are none of TUF's. */
export function catalogue(listing: readonly ListedObject[]): Catalogue {
  const objects = new Map<string, ListedObject>();
  const roots: number[] = [];
  const highest = new Map<string, number>();
  for (const object of listing) {
    objects.set(object.name, object);
    const match = VERSIONED.exec(object.name);
    const version = Number(match?.[1]);
    const role = match?.[2];
    if (role === undefined || !Number.isSafeInteger(version)) {
      continue;
    }
    if (role === 'root') {
      roots.push(version);
    } else {
      highest.set(role, Math.max(version, highest.get(role) ?? 0));
    }
  }
  return { objects, roots: roots.sort((a, b) => a - b), highest };
}
