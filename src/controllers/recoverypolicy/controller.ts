import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Clock } from '../../async/clock.ts';
import type { Informer } from '../../kube/cache/informer.ts';
import { Controller } from '../../kube/controller/controller.ts';
import type { RuntimeMetrics } from '../../kube/metrics/runtime-metrics.ts';
import { targetIndex } from '../app-history/app-history.ts';
import type { SlotPool } from '../slots/slot-pool.ts';
import { RecoveryPolicyReconciler, type RecoveryPolicyReconcilerOptions } from './reconciler.ts';
import { ownerPolicies, policyChanged, targetConcernsPolicies } from './wake.ts';

/** What the controller of policies is made of. */
export interface PolicyControllerOptions {
  readonly policies: Informer<RecoveryPolicy>;
  readonly runs: Informer<BootstrapRecovery>;
  readonly targets: Informer<RecoveryTarget>;
  readonly tools: Omit<RecoveryPolicyReconcilerOptions, 'runs' | 'slots' | 'newID'>;
  readonly slots: SlotPool;
  readonly logger: Logger;
  readonly runtimeMetrics: RuntimeMetrics;
  readonly clock: Clock;
}

/** A policy looks at its apps a few at a time; a slow one must not hold up the others. */
const workers = 4;

/** The controller of policies, with what wakes it. */
export function createPolicyController({
  policies,
  runs,
  targets,
  tools,
  slots,
  logger,
  runtimeMetrics,
  clock,
}: PolicyControllerOptions): Controller {
  const controller = new Controller({
    name: 'recoverypolicy',
    reconciler: new RecoveryPolicyReconciler({ ...tools, runs: runs.store, slots, newID: randomUUID }),
    maxConcurrentReconciles: workers,
    logger,
    metrics: runtimeMetrics,
    clock,
  });
  return controller
    .watch(policies, { predicate: policyChanged })
    .watch(runs, { map: ownerPolicies })
    .watch(targets, {
      predicate: targetConcernsPolicies,
      map: ({ metadata }) =>
        policies.store
          .byIndex(targetIndex, `${metadata.namespace}/${metadata.name}`)
          .map((policy) => policy.metadata),
    });
}
