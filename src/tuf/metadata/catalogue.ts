import type { Listing } from '../../storage/listing.ts';
import type { ListedObject } from '../../storage/source.ts';
import { parseAsServer, parseFileName } from './file-names.ts';
import { LIMITS } from './limits.ts';
import type { Version } from './version.ts';

/** What a listing says about a repository before anything was read. */
export interface Catalogue {
  readonly objects: Listing;
  /** Listed root versions, ascending. */
  readonly roots: readonly number[];
  /** Bytes of all listed roots. */
  readonly rootBytes: number;
  /**
   * Objects that the server takes for a root and clients don't: `0999.root.json`. The highest versions first.
   */
  readonly disguisedRoots: readonly DisguisedName[];
}

/** An object whose name only the server reads as a version of a role. */
export interface DisguisedName {
  readonly object: ListedObject;
  readonly role: string;
  readonly version: Version;
}

/** A root whose size the store does not say counts as one of as many as may be listed. */
const UNLISTED_ROOT_BYTES = LIMITS.allRootsBytes / LIMITS.roots;

/** How many disguised roots are kept, those with the highest numbers: one is enough to refuse. */
const MAX_DISGUISED = 8;

/** Finds the roots in a listing. */
export function catalogue(objects: Listing): Catalogue {
  const roots: number[] = [];
  const disguisedRoots: DisguisedName[] = [];
  let rootBytes = 0;
  for (const object of objects) {
    if (!object.name.endsWith('.root.json')) {
      continue;
    }
    const plain = parseFileName(object.name);
    if (plain?.role === 'root') {
      roots.push(plain.version);
      rootBytes += listedBytes(object) ?? UNLISTED_ROOT_BYTES;
      continue;
    }
    const disguised = disguisedName(object);
    if (disguised?.role === 'root') {
      disguisedRoots.push(disguised);
      disguisedRoots.sort((a, b) => (a.version < b.version ? 1 : a.version > b.version ? -1 : 0));
      disguisedRoots.length = Math.min(disguisedRoots.length, MAX_DISGUISED);
    }
  }
  return { objects, roots: roots.sort((a, b) => a - b), rootBytes, disguisedRoots };
}

/**
 * How many bytes a listing says a file has; undefined when it does not say. No metadata is empty, and some
 * stores list every object with 0 bytes.
 */
export function listedBytes(object: ListedObject | undefined): number | undefined {
  return object?.size || undefined;
}

/** What the server, and no client, takes an object for; undefined for ordinary names and versions below 1. */
export function disguisedName(object: ListedObject): DisguisedName | undefined {
  const read = parseAsServer(object.name);
  if (read?.version === undefined || read.version < 1 || parseFileName(object.name) !== undefined) {
    return undefined;
  }
  return { object, role: read.role, version: read.version };
}
