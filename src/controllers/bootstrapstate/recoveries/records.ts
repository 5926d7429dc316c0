import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import type { BootstrapState, BootstrapStateStatus } from '../../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../../api/condition.ts';
import { rfc3339 } from '../../../api/stored-time.ts';
import type { RecoveryRules } from '../guard.ts';
import { recoveryName } from '../names.ts';

/** A recovery that was decided upon, as the status holds it. */
export type RecoveryRecord = NonNullable<BootstrapStateStatus['recoveries']>[number];

/**
 * What is known about the BootstrapRecovery of an order. `Absent`: the API server itself says that there is
 * none.
 */
export type RunState = 'UnderWay' | 'Succeeded' | 'NotNeeded' | 'Failed' | 'Absent';

/** Milliseconds for which an app remembers a recovery: those of `maxRecoveriesPerHour`. */
export const rememberedMs = 3_600_000;
/** Pauses after recoveries that wrote nothing: 1, 2, 4 … up to 30 minutes. */
const firstPauseMs = 60_000;
const longestPauseMs = 1_800_000;
const maxRemembered = 16;

/** How a run stands. */
export function runState({ status }: Pick<BootstrapRecovery, 'status'>): Exclude<RunState, 'Absent'> {
  const succeeded = findCondition(status.conditions, 'Succeeded');
  switch (succeeded?.status) {
    case 'True':
      return succeeded.reason === 'AlreadyConsistent' ? 'NotNeeded' : 'Succeeded';
    case 'False':
      return 'Failed';
    default:
      return 'UnderWay';
  }
}

/** The recovery that has not ended; there is never more than one. */
export function openRecovery({
  recoveries,
}: Pick<BootstrapStateStatus, 'recoveries'>): RecoveryRecord | undefined {
  return recoveries?.find(({ state }) => state === 'Ordered' || state === 'UnderWay');
}

/**
 * The recoveries as they stand now.
 *
 * @param runs what is known of runs, by name; of those not in it nothing is known
 * @param mayCreate whether a policy, by name, still may have runs created: when the one that ordered a
 *   recovery is gone, suspended or set to report only before the run exists, the order is withdrawn, because
 *   its run will never come
 */
export function withRunStates(
  recoveries: readonly RecoveryRecord[],
  runs: ReadonlyMap<string, RunState>,
  mayCreate: (policyName: string) => boolean,
): readonly RecoveryRecord[] {
  return recoveries.flatMap((recovery) => {
    const run = runs.get(recovery.name);
    const isOpen = recovery.state === 'Ordered' || recovery.state === 'UnderWay';
    if (!isOpen || run === undefined) {
      return [recovery];
    }
    if (recovery.state === 'Ordered' && run === 'Absent') {
      return mayCreate(recovery.policy) ? [recovery] : [];
    }
    return [{ ...recovery, state: run === 'Absent' ? 'Deleted' : run }];
  });
}

/** Why a recovery has to wait. */
export interface RecoveryHold {
  readonly until: Date;
  /** `breaker`: the app was repaired as often as allowed. `pause`: the last recovery wrote nothing. */
  readonly kind: 'breaker' | 'pause';
}

/**
 * Until when another recovery of the app has to wait; undefined when it may be created now. Only what wrote
 * counts for the breaker.
 */
export function recoveryHold(
  recoveries: readonly RecoveryRecord[],
  { maxRecoveriesPerHour }: Pick<RecoveryRules, 'maxRecoveriesPerHour'>,
  now: Date,
): RecoveryHold | undefined {
  const recent = recentRecoveries(recoveries, now);
  const wrote = recent.filter(({ state }) => state !== 'Failed' && state !== 'NotNeeded');
  const end = wrote
    .map(({ time }) => Date.parse(time) + rememberedMs)
    .sort((a, b) => b - a)
    .at(maxRecoveriesPerHour - 1);
  if (end !== undefined) {
    return { until: new Date(end), kind: 'breaker' };
  }
  const idle = trailing(recent, ({ state }) => state === 'Failed' || state === 'NotNeeded');
  const last = idle.at(-1);
  if (last === undefined) {
    return undefined;
  }
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (idle.length - 1));
  const until = Date.parse(last.time) + pauseMs;
  return until > now.getTime() ? { until: new Date(until), kind: 'pause' } : undefined;
}

/**
 * The recoveries with one more decided upon. Written to the status before the run is created, so the process
 * that continues after a crash creates the run of exactly this name.
 */
export function withNewRecovery(
  recoveries: readonly RecoveryRecord[],
  { spec }: Pick<BootstrapState, 'spec'>,
  policyName: string,
  now: Date,
): readonly RecoveryRecord[] {
  const past = recoveries
    .map(({ time }) => Date.parse(time))
    .filter((time) => time <= now.getTime() + rememberedMs);
  // Two orders within a second must not share a name.
  const time = new Date(Math.max(now.getTime(), Math.max(0, ...past) + 1000));
  const order: RecoveryRecord = {
    name: recoveryName(policyName, spec, time),
    time: rfc3339(time),
    policy: policyName,
    state: 'Ordered',
  };
  return [...recentRecoveries(recoveries, now), order].slice(-maxRemembered);
}

/** The recoveries without those that no longer count; an open one always does. */
export function recentRecoveries(
  recoveries: readonly RecoveryRecord[],
  now: Date,
): readonly RecoveryRecord[] {
  const from = now.getTime() - rememberedMs;
  // A time in the future was written by a clock that was ahead: it counts for nothing but its name.
  const counts = (time: number): boolean => time > from && time <= now.getTime() + 60_000;
  return recoveries.filter(
    (recovery) => counts(Date.parse(recovery.time)) || openRecovery({ recoveries: [recovery] }) !== undefined,
  );
}

function trailing<T>(items: readonly T[], matches: (item: T) => boolean): readonly T[] {
  const start = items.findLastIndex((item) => !matches(item));
  return items.slice(start + 1);
}
