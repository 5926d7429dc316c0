import { forEachInTurns } from '../async/in-turns.ts';
import { parseVersionedName } from '../faynosync/layout.ts';
import type { Setting } from '../faynosync/settings.ts';
import type { ListedObject } from '../storage/source.ts';
import type { EarlierVersions } from '../tuf/verify/earlier-versions.ts';
import { inferDays } from './plan/infer.ts';
import {
  type EarlierSigning,
  type HistoryQuery,
  nextProbe,
  type SigningHistory,
} from './plan/signing-history.ts';
import { type Evidence, historyWanted } from './plan/sources.ts';

/** GETs for one role: three samples, and halving the longest history there can be would take 20. */
const MAX_READS = 16;

/** Reads earlier versions, once for each role, as far as they tell more about the settings. */
export async function withHistory(
  evidence: Evidence,
  settings: readonly Setting[],
  versions: EarlierVersions,
  listing: Iterable<ListedObject>,
  signal: AbortSignal,
): Promise<Evidence> {
  let { lifetimes } = evidence;
  for (const setting of settings) {
    const query = historyWanted(setting, { ...evidence, lifetimes });
    if (query !== undefined) {
      lifetimes = lifetimes.withHistory(query.role, await readHistory(versions, listing, query, signal));
    }
  }
  return { ...evidence, lifetimes };
}

/**
 * Reads what a role's earlier versions were signed with: at most {@link MAX_READS} files, one after another.
 */
async function readHistory(
  versions: EarlierVersions,
  listing: Iterable<ListedObject>,
  { role, head, days }: HistoryQuery,
  signal: AbortSignal,
): Promise<SigningHistory> {
  const listedAt = new Map<number, Date>();
  await forEachInTurns(listing, ({ name, lastModified }) => {
    const file = parseVersionedName(name);
    if (file?.role === role && file.version < head) {
      listedAt.set(file.version, lastModified);
    }
  });
  const listed = [...listedAt.keys()].sort((a, b) => a - b);
  const read = new Map<number, number | undefined>();
  const signings: EarlierSigning[] = [];
  for (;;) {
    const version = read.size < MAX_READS ? nextProbe(days, listed, read) : undefined;
    const at = version === undefined ? undefined : listedAt.get(version);
    if (version === undefined || at === undefined) {
      break;
    }
    const times = await versions.timesOf(role, version, at, signal);
    const signing = times && signingOf(version, times.writtenAt, times.expires);
    read.set(version, signing?.days);
    if (signing !== undefined) {
      signings.push(signing);
    }
  }
  return { signings: signings.sort((a, b) => b.version - a.version), listed: listed.length };
}

function signingOf(version: number, at: Date, expires: Date): EarlierSigning {
  const inference = inferDays(expires, { head: at, earlier: [] });
  return {
    version,
    writtenAt: at,
    expires,
    days: inference.kind === 'days' ? inference.days : undefined,
    residueMs: inference.kind === 'wide' ? inference.residueMs : 0,
  };
}
