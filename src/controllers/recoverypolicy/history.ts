import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryPolicySpec } from '../../api/recoverypolicy.generated.ts';
import { type RunState, runState } from '../bootstrapstate/recoveries/records.ts';

/** Name of the index under which the cache files runs by the uid of their owner. */
export const ownerIndex = 'owner';

/** The uids of what owns a run. */
export function ownersOf({ metadata }: BootstrapRecovery): readonly string[] {
  return (metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

/**
 * Runs of a policy beyond those that are kept: of each outcome the ones that ended first. Never one that has
 * not ended.
 */
export function surplusRuns(
  children: readonly BootstrapRecovery[],
  limits: Pick<RecoveryPolicySpec, 'successfulRunsHistoryLimit' | 'failedRunsHistoryLimit'>,
): readonly BootstrapRecovery[] {
  const beyond = (states: readonly RunState[], limit: number): readonly BootstrapRecovery[] =>
    children
      .filter((child) => states.includes(runState(child)) && child.metadata.deletionTimestamp === undefined)
      .sort(latestFirst)
      .slice(limit);
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
