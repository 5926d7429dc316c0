import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { RecoveryPolicySpec } from '../../api/recoverypolicy.generated.ts';
import { elapsedMs } from '../../api/stored-time.ts';
import { type RunState, rememberedMs, runState } from '../bootstrapstate/recoveries/records.ts';

/** Name of the index under which the cache files runs by the uid of their owner. */
export const ownerIndex = 'owner';

/** The uids of what owns a run. */
export function ownersOf({ metadata }: BootstrapRecovery): readonly string[] {
  return (metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

/**
 * Runs of a policy beyond those that are kept: of each outcome the ones that ended first. Never one that has
 * not ended, nor one whose end its app has not noted: to that app it would be a run that it still has to
 * create.
 *
 * @param apps those of the policy's target, as the cache has them
 */
export function surplusRuns(
  children: readonly BootstrapRecovery[],
  limits: Pick<RecoveryPolicySpec, 'successfulRunsHistoryLimit' | 'failedRunsHistoryLimit'>,
  apps: readonly Pick<BootstrapState, 'status'>[],
  now: Date,
): readonly BootstrapRecovery[] {
  const noted = new Map(
    apps.flatMap(({ status }) => (status.recoveries ?? []).map(({ name, state }) => [name, state] as const)),
  );
  const isNoted = ({ metadata, status }: BootstrapRecovery): boolean => {
    const state = noted.get(metadata.name);
    // An app remembers its recoveries for an hour; until then the cache may not show yet that it ordered
    // this one.
    return state === undefined
      ? elapsedMs(status.completionTime, now) > rememberedMs
      : state !== 'Ordered' && state !== 'UnderWay';
  };
  const beyond = (states: readonly RunState[], limit: number): readonly BootstrapRecovery[] =>
    children
      .filter((child) => states.includes(runState(child)) && child.metadata.deletionTimestamp === undefined)
      .sort(latestFirst)
      .slice(limit)
      .filter(isNoted);
  return [
    ...beyond(['Succeeded', 'NotNeeded'], limits.successfulRunsHistoryLimit),
    ...beyond(['Failed'], limits.failedRunsHistoryLimit),
  ];
}

/**
 * By when they ended. Times are whole seconds: of those that ended in one, the later created one came later,
 * and of those that were created in one, too, names decide, so that every look keeps the same ones.
 */
function latestFirst(a: BootstrapRecovery, b: BootstrapRecovery): number {
  return (
    timeOf(b.status.completionTime) - timeOf(a.status.completionTime) ||
    timeOf(b.metadata.creationTimestamp) - timeOf(a.metadata.creationTimestamp) ||
    compareText(b.metadata.name, a.metadata.name)
  );
}

function timeOf(stored: string | undefined): number {
  return Date.parse(stored ?? '') || 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
