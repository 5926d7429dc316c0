import { forEachInTurns } from '../../async/in-turns.ts';
import type { Listing } from '../../storage/listing.ts';
import type { Version } from '../metadata/version.ts';
import type { DelegatedFacts } from '../verify/verification.ts';

/**
 * Lists of many small objects cross a thread boundary as columns: cloning 16,384 objects blocks the receiving
 * thread for tens of milliseconds, cloning a few arrays does not.
 */

/** Delegated roles as columns; equal lists of delegators are sent once. */
export interface DelegatedColumns {
  readonly roles: readonly string[];
  readonly versions: readonly Version[];
  /** Milliseconds since the epoch. */
  readonly expires: Float64Array;
  readonly sha256: readonly string[];
  /** Name of each listed object; empty for a file that no listing showed. */
  readonly objects: readonly string[];
  readonly depths: Uint8Array;
  readonly delegatorLists: readonly (readonly string[])[];
  readonly delegators: Uint32Array;
}

export function packDelegated(facts: readonly DelegatedFacts<Version>[]): DelegatedColumns {
  const lists = new Map<string, number>();
  const delegatorLists: (readonly string[])[] = [];
  const listOf = (delegators: readonly string[]): number => {
    const key = JSON.stringify(delegators);
    const known = lists.get(key);
    if (known !== undefined) {
      return known;
    }
    lists.set(key, delegatorLists.length);
    return delegatorLists.push(delegators) - 1;
  };
  return {
    roles: facts.map(({ role }) => role),
    versions: facts.map(({ version }) => version),
    expires: Float64Array.from(facts, ({ expires }) => expires.getTime()),
    sha256: facts.map(({ sha256 }) => sha256),
    objects: facts.map(({ object }) => object?.name ?? ''),
    depths: Uint8Array.from(facts, ({ depth }) => depth),
    delegators: Uint32Array.from(facts, ({ delegators }) => listOf(delegators)),
    delegatorLists,
  };
}

export async function unpackDelegated(
  columns: DelegatedColumns,
  objects: Listing,
): Promise<readonly DelegatedFacts<Version>[]> {
  const facts: DelegatedFacts<Version>[] = [];
  await forEachInTurns(columns.roles.entries(), ([i, role]) =>
    facts.push({
      role,
      version: columns.versions[i] ?? 0,
      expires: new Date(columns.expires[i] ?? 0),
      sha256: columns.sha256[i] ?? '',
      object: objects.get(columns.objects[i] ?? ''),
      depth: columns.depths[i] ?? 0,
      delegators: columns.delegatorLists[columns.delegators[i] ?? 0] ?? [],
    }),
  );
  return facts;
}
