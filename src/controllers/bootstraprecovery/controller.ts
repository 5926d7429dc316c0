import { Controller } from '../../kube/controller/controller.ts';
import type { OperatorOptions } from '../operator/options.ts';
import { type Parts, waitingIndex } from '../operator/parts.ts';
import type { KeyedSlots } from '../slots/keyed-slots.ts';
import { BootstrapRecoveryReconciler } from './reconciler.ts';

/** Workers beyond the runs at once, so that answering, waiting and deleting never queue up behind long runs. */
const quickWorkers = 8;

/** The controller of runs, with what wakes it. */
export function createRunController(
  { maxConcurrentRuns, logger, clock }: OperatorOptions,
  { runs, targets, policies, tools, runtimeMetrics }: Parts,
  slots: KeyedSlots,
): Controller {
  const controller = new Controller({
    name: 'bootstraprecovery',
    reconciler: new BootstrapRecoveryReconciler({
      ...tools,
      runs: runs.store,
      targets: targets.store,
      slots,
    }),
    maxConcurrentReconciles: maxConcurrentRuns + quickWorkers,
    logger,
    metrics: runtimeMetrics,
    clock,
  });
  return (
    controller
      .watch(runs)
      .watch(targets, {
        map: ({ metadata }) =>
          runs.store
            .byIndex(waitingIndex, `${metadata.namespace}/${metadata.name}`)
            .map((run) => run.metadata),
      })
      // Wakes nobody; but no run may begin before the marks that bind it are known.
      .watch(policies, { predicate: () => false })
  );
}
