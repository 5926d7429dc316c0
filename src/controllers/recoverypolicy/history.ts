import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { findCondition } from '../../api/condition.ts';
import type { RecoveryPolicySpec } from '../../api/recoverypolicy.generated.ts';
import type { ChildState } from './pending-recoveries.ts';

/** How a run stands. */
export function childState({ status }: Pick<BootstrapRecovery, 'status'>): Exclude<ChildState, 'Absent'> {
  switch (findCondition(status.conditions, 'Succeeded')?.status) {
    case 'True':
      return 'Succeeded';
    case 'False':
      return 'Failed';
    default:
      return 'UnderWay';
  }
}

/** Runs of a policy beyond those that are kept: of each outcome the ones that ended first. Never one that has not ended. */
export function surplus(
  children: readonly BootstrapRecovery[],
  limits: Pick<RecoveryPolicySpec, 'successfulRunsHistoryLimit' | 'failedRunsHistoryLimit'>,
): readonly BootstrapRecovery[] {
  const beyond = (state: ChildState, limit: number): readonly BootstrapRecovery[] =>
    children
      .filter((child) => childState(child) === state && child.metadata.deletionTimestamp === undefined)
      .sort((a, b) => endOf(b) - endOf(a))
      .slice(limit);
  return [
    ...beyond('Succeeded', limits.successfulRunsHistoryLimit),
    ...beyond('Failed', limits.failedRunsHistoryLimit),
  ];
}

function endOf({ status }: BootstrapRecovery): number {
  return Date.parse(status.completionTime ?? '') || 0;
}
