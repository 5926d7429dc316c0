import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { isApp } from '../../faynosync/app.ts';
import type { App } from '../../recovery/request.ts';
import { type AppEntry, blankEntry } from './entry.ts';

/** Most apps a status holds. */
const maxApps = 100;

/**
 * The apps a policy looks at, each with what is remembered about it, by admin and name: those it names, or those its target has
 * found and those that were verified before. An app that was verified stays when the bucket no longer shows it: otherwise
 * whoever may delete its files could have its marks forgotten.
 */
export function entriesOf(
  { spec, status }: Pick<RecoveryPolicy, 'spec' | 'status'>,
  target: Pick<RecoveryTarget, 'status'> | undefined,
): readonly AppEntry[] {
  const known = new Map((status.apps ?? []).map((entry) => [idOf(entry), entry]));
  const verified = [...known.values()].filter(({ marks }) => marks !== undefined);
  const wanted = spec.apps ?? [...verified, ...discovered(target)];
  const byID = new Map(wanted.map((app) => [idOf(app), known.get(idOf(app)) ?? blankEntry(app)]));
  return [...byID.values()].slice(0, maxApps).sort(byName);
}

/** Folders without a root are no apps yet, and some names can't be one. */
function discovered(target: Pick<RecoveryTarget, 'status'> | undefined): readonly App[] {
  return (target?.status.apps ?? []).filter(
    (found) =>
      found.rootVersion !== undefined &&
      isApp(found) &&
      // The API refuses runs for these: they would be parts of a path.
      found.adminName !== '.' &&
      found.adminName !== '..',
  );
}

/** Tells apps apart. */
function idOf({ adminName, appName }: App): string {
  return `${adminName}\n${appName}`;
}

function byName(a: App, b: App): number {
  return idOf(a) < idOf(b) ? -1 : 1;
}
