import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Informer } from '../../kube/cache/informer.ts';
import { Controller } from '../../kube/controller/controller.ts';
import type { KeyChannel } from '../../kube/controller/key-channel.ts';
import type { RuntimeMetrics } from '../../kube/metrics/runtime-metrics.ts';
import { unfinishedByTargetIndex } from './cached-run.ts';
import { BootstrapRecoveryReconciler, type BootstrapRecoveryReconcilerOptions } from './reconciler.ts';

/** Options of {@link createRunController}. */
export interface RunControllerOptions extends Omit<BootstrapRecoveryReconcilerOptions, 'runs' | 'targets'> {
  /** Indexed by {@link unfinishedByTargetIndex}. */
  readonly runs: Informer<BootstrapRecovery>;
  readonly targets: Informer<RecoveryTarget>;
  readonly policies: Informer<RecoveryPolicy>;
  /** Keys of runs whose slot is free now. */
  readonly runKeys: KeyChannel;
  readonly maxConcurrentRuns: number;
  readonly logger: Logger;
  readonly runtimeMetrics: RuntimeMetrics;
}

/**
 * Workers beyond the runs at once, so that answering, waiting and deleting never queue up behind long runs.
 */
const quickWorkers = 8;

/** The controller of runs, with what wakes it. */
export function createRunController(options: RunControllerOptions): Controller {
  const { runs, targets, policies, runKeys, maxConcurrentRuns, logger, runtimeMetrics, clock } = options;
  const controller = new Controller({
    name: 'bootstraprecovery',
    reconciler: new BootstrapRecoveryReconciler({ ...options, runs: runs.store, targets: targets.store }),
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
            .byIndex(unfinishedByTargetIndex, `${metadata.namespace}/${metadata.name}`)
            .map((run) => run.metadata),
      })
      // No event of a policy concerns a run, but no run may begin before the marks that bind it are known.
      .watch(policies, { predicate: () => false })
      .receive(runKeys)
  );
}
