import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryPolicySpec } from '../../api/recoverypolicy.generated.ts';
import { type RunState, runState } from '../bootstrapstate/recoveries.ts';

/** Name of the index under which the cache files runs by the uid of their owner. */
export const ownerIndex = 'owner';

/** The uids of what owns a run. */
export function ownersOf({ metadata }: BootstrapRecovery): readonly string[] {
  return (metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

/** Runs of a policy beyond those that are kept: of each outcome the ones that ended first. Never one that has not ended. */
export function surplusRuns(
  children: readonly BootstrapRecovery[],
  limits: Pick<RecoveryPolicySpec, 'successfulRunsHistoryLimit' | 'failedRunsHistoryLimit'>,
): readonly BootstrapRecovery[] {
  const beyond = (states: readonly RunState[], limit: number): readonly BootstrapRecovery[] =>
    children
      .filter((child) => states.includes(runState(child)) && child.metadata.deletionTimestamp === undefined)
      .sort((a, b) => endOf(b) - endOf(a) || (a.metadata.name < b.metadata.name ? 1 : -1))
      .slice(limit);
  return [
    ...beyond(['Succeeded', 'NotNeeded'], limits.successfulRunsHistoryLimit),
    ...beyond(['Failed'], limits.failedRunsHistoryLimit),
  ];
}

/** Whole seconds; of two that ended in one, the name holds when each was decided upon. */
function endOf({ status }: BootstrapRecovery): number {
  return Date.parse(status.completionTime ?? '') || 0;
}
