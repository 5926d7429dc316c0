import type { ListedObject } from '../../storage/source.ts';
import { MAX_PER_KIND } from '../findings/finding-list.ts';
import { quoted } from '../findings/text.ts';
import { disguisedName } from '../metadata/catalogue.ts';
import { fileName, parseAsServer, parseFileName } from '../metadata/file-names.ts';
import { TOP_LEVEL_ROLES } from '../metadata/root.ts';
import type { Version } from '../metadata/version.ts';
import type { VerificationContext } from './verification-context.ts';

/** A file at or above the chain's head that the server would read instead of the head. */
export interface HigherVersion {
  readonly object: ListedObject;
  readonly version: Version;
}

/** What lies in the bucket beside the chain. */
export interface Strays {
  /** By role: of all files that the server would read instead of the head, the one it would read. */
  readonly higher: ReadonlyMap<string, HigherVersion>;
  /** Roles without a delegation: their newest file. */
  readonly undelegated: ReadonlyMap<string, HigherVersion>;
  /** Files of further such roles, beyond those that are reported one by one. */
  readonly furtherFiles: number;
  /** Objects that the server takes for a role without a version. */
  readonly unversioned: readonly string[];
  readonly unversionedCount: number;
}

/**
 * Roles without a delegation, and names without a version, that are reported one by one: one fewer than are
 * listed of a kind, so that the finding which counts the others is among them.
 */
const MAX_LISTED = MAX_PER_KIND - 1;

const TOP_LEVEL: ReadonlySet<string> = new Set(TOP_LEVEL_ROLES);

/**
 * Sorts out one listing in one pass.
 *
 * @param heads versions of the chain's heads, without root
 * @param named every role of the chain: what is not among them has no delegation
 */
export function straysIn(
  listing: Iterable<ListedObject>,
  heads: ReadonlyMap<string, Version>,
  named: ReadonlySet<string>,
): Strays {
  const higher = new Map<string, HigherVersion>();
  const undelegated = new Map<string, HigherVersion>();
  const unversioned: string[] = [];
  let furtherFiles = 0;
  let unversionedCount = 0;
  for (const object of listing) {
    const { name } = object;
    const found = parseFileName(name) ?? disguisedName(object);
    if (found === undefined) {
      if (isRoleToServer(name, named)) {
        unversionedCount++;
        if (unversioned.length < MAX_LISTED) {
          unversioned.push(name);
        }
      }
      continue;
    }
    const { role, version } = found;
    const head = heads.get(role);
    if (head !== undefined) {
      const isHead = name === fileName(role, head);
      if (version >= head && !isHead && version > (higher.get(role)?.version ?? 0)) {
        higher.set(role, { object, version });
      }
    } else if (!named.has(role) && !TOP_LEVEL.has(role)) {
      const known = undelegated.get(role);
      if (known === undefined && undelegated.size >= MAX_LISTED) {
        furtherFiles++;
      } else if (known === undefined || version > known.version) {
        undelegated.set(role, { object, version });
      }
    }
  }
  return { higher, undelegated, furtherFiles, unversioned, unversionedCount };
}

/**
 * Whether the server counts the name as a role of its own: it then asks for a recovery as long as the object
 * exists.
 */
function isRoleToServer(name: string, named: ReadonlySet<string>): boolean {
  const read = parseAsServer(name);
  return (
    read?.version === undefined && read !== undefined && !named.has(read.role) && !TOP_LEVEL.has(read.role)
  );
}

/** Reports what lies beside the chain, except what has to be read first. */
export function reportStrays(
  run: VerificationContext,
  { undelegated, furtherFiles, unversioned, unversionedCount }: Strays,
): void {
  for (const [role, { object, version }] of undelegated) {
    run.findings.add('UndelegatedRole', {
      role,
      version,
      detail: `${quoted(object.name)} is the newest file of a role that no role delegates to`,
    });
  }
  if (furtherFiles > 0) {
    run.findings.add('UndelegatedRole', {
      role: 'targets',
      detail: `${furtherFiles} more files belong to further roles that no role delegates to`,
    });
  }
  for (const name of unversioned) {
    run.findings.add('UnversionedName', {
      role: name,
      detail: `the server takes ${quoted(name)} for a role without settings`,
    });
  }
  if (unversionedCount > unversioned.length) {
    run.findings.add('UnversionedName', {
      role: 'targets',
      detail: `the server takes ${unversionedCount - unversioned.length} more objects for roles without settings`,
    });
  }
}
