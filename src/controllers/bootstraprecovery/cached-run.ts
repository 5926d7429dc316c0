import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { isTerminal } from '../../api/conditions.ts';

/**
 * A run as it is cached: without what no controller reads from the cache. Annotations can be 256 kB an
 * object, and a user who may create runs may create thousands; of a run that has ended the lists stay in the
 * object alone. One that has not ended keeps its status, because what is written next is made from it.
 */
export function cachedRun(run: BootstrapRecovery): BootstrapRecovery {
  const metadata: Record<string, unknown> = { ...run.metadata };
  delete metadata['managedFields'];
  delete metadata['annotations'];
  const status = isTerminal(run.status.conditions ?? []) ? withoutLists(run.status) : run.status;
  // Only optional members are gone.
  return { ...run, metadata: metadata as unknown as BootstrapRecovery['metadata'], status };
}

function withoutLists({ findings: _, lastErrors: __, plan, ...status }: BootstrapRecovery['status']) {
  if (plan === undefined) {
    return status;
  }
  const { actions: ___, ...counts } = plan;
  return { ...status, plan: counts };
}

/**
 * Name of the index under which the cache files runs that have not ended by the target they need:
 * `namespace/name`.
 */
export const unfinishedByTargetIndex = 'unfinishedByTarget';

/** The target that a run still needs; a change of a target does not concern runs that have ended. */
export function neededTarget({ metadata, spec, status }: BootstrapRecovery): readonly string[] {
  return isTerminal(status.conditions ?? []) ? [] : [`${metadata.namespace}/${spec.targetRef.name}`];
}
