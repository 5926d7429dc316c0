import type { RecoveryPolicySpec } from '../../api/recoverypolicy.generated.ts';
import { rfc3339 } from '../../api/settle.ts';
import type { AppEntry } from './entry.ts';
import { recoveryName } from './names.ts';

/** A recovery that was decided upon, as the status holds it. */
export type Recovery = NonNullable<AppEntry['recoveries']>[number];

/** What is known about the BootstrapRecovery of an order. `Absent`: the API server itself says that there is none. */
export type ChildState = 'UnderWay' | 'Succeeded' | 'Failed' | 'Absent';

/** What decides whether a loss leads to a recovery. */
export type OrderRules = Pick<RecoveryPolicySpec, 'failureThreshold' | 'maxRecoveriesPerHour'>;

const hourMs = 3_600_000;

/** The recovery that has not ended; there is never more than one. */
export function openRecovery({ recoveries }: AppEntry): Recovery | undefined {
  return recoveries?.find(({ state }) => state === 'Ordered' || state === 'UnderWay');
}

/**
 * The entry as its recoveries stand now. One that has just ended has the app looked at again at once; one that succeeded has
 * proven that nothing is lost any more.
 *
 * @param children what is known of runs, by name; of those not in it nothing is known
 * @param mayAct false: the policy was suspended, or told to report only, after the decision; an order that nobody carried
 *   out is withdrawn
 */
export function followed(
  entry: AppEntry,
  children: ReadonlyMap<string, ChildState>,
  mayAct: boolean,
): AppEntry {
  const before = openRecovery(entry);
  const child = before && children.get(before.name);
  if (before === undefined || child === undefined) {
    return entry;
  }
  const others = (entry.recoveries ?? []).filter((recovery) => recovery !== before);
  if (before.state === 'Ordered' && child === 'Absent') {
    return mayAct ? entry : { ...entry, recoveries: others };
  }
  const state = child === 'Absent' ? 'Deleted' : child;
  const recoveries: readonly Recovery[] = [...others, { ...before, state }];
  if (state === 'UnderWay') {
    return { ...entry, recoveries };
  }
  const { lastLooked: _, ...rest } = entry;
  return { ...rest, recoveries, consecutiveLosses: state === 'Succeeded' ? 0 : entry.consecutiveLosses };
}

/** Whether the app has been found with a loss often enough, and nothing is being done about it yet. */
export function needsRecovery(entry: AppEntry, { failureThreshold }: OrderRules): boolean {
  return entry.consecutiveLosses >= failureThreshold && openRecovery(entry) === undefined;
}

/** When the limit allows another recovery of the app; undefined when it does already. */
export function allowedFrom(
  { recoveries }: AppEntry,
  { maxRecoveriesPerHour }: OrderRules,
  now: Date,
): Date | undefined {
  const ends = (recoveries ?? [])
    .map(({ time }) => Date.parse(time) + hourMs)
    .filter((end) => end > now.getTime())
    .sort((a, b) => b - a);
  const end = ends[maxRecoveriesPerHour - 1];
  return end === undefined ? undefined : new Date(end);
}

/**
 * The entry with one more recovery decided upon. Written to the status before the run is created, so whoever goes on after a
 * crash creates the run of exactly this name.
 */
export function ordered(entry: AppEntry, policyName: string, now: Date): AppEntry {
  const last = Math.max(0, ...(entry.recoveries ?? []).map(({ time }) => Date.parse(time)));
  // Two orders within a second, which only triggers can bring about, must not share a name.
  const time = new Date(Math.max(now.getTime(), last + 1000));
  const order: Recovery = {
    name: recoveryName(policyName, entry, time),
    time: rfc3339(time),
    state: 'Ordered',
  };
  const recent = (entry.recoveries ?? []).filter(({ time }) => Date.parse(time) + hourMs > now.getTime());
  return { ...entry, recoveries: [...recent, order] };
}
