import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { isTerminal } from '../../api/conditions.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Informer } from '../../kube/cache/informer.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import { Controller } from '../../kube/controller/controller.ts';
import type { KeyChannel } from '../../kube/controller/key-channel.ts';
import type { RuntimeMetrics } from '../../kube/metrics/runtime-metrics.ts';
import { targetIndex } from '../app-history/app-history.ts';
import { RecoveryPolicyReconciler, type RecoveryPolicyReconcilerOptions } from './reconciler.ts';
import { ownerPolicies, policyChanged, stateConcernsPolicies, targetConcernsGuard } from './wake.ts';

/** Options of {@link createPolicyController}. */
export interface PolicyControllerOptions
  extends Omit<RecoveryPolicyReconcilerOptions, 'policies' | 'states' | 'runs' | 'targets'> {
  /** Indexed by {@link targetIndex}. */
  readonly policies: Informer<RecoveryPolicy>;
  readonly states: Informer<BootstrapState>;
  readonly runs: Informer<BootstrapRecovery>;
  readonly targets: Informer<RecoveryTarget>;
  /** Keys of policies whose bucket was listed. */
  readonly policyKeys: KeyChannel;
  readonly logger: Logger;
  readonly runtimeMetrics: RuntimeMetrics;
}

/** A policy with many new apps creates their objects one after the other; it must not hold up the others. */
const workers = 4;

/** The controller of policies, with what wakes it. */
export function createPolicyController(options: PolicyControllerOptions): Controller {
  const { policies, states, runs, targets, policyKeys, logger, runtimeMetrics, clock } = options;
  const controller = new Controller({
    name: 'recoverypolicy',
    reconciler: new RecoveryPolicyReconciler({
      ...options,
      policies: policies.store,
      states: states.store,
      runs: runs.store,
      targets: targets.store,
    }),
    maxConcurrentReconciles: workers,
    logger,
    metrics: runtimeMetrics,
    clock,
  });
  const ofTarget = ({ namespace, name }: ObjectKey): readonly ObjectKey[] =>
    policies.store.byIndex(targetIndex, `${namespace}/${name}`).map(({ metadata }) => metadata);
  return controller
    .watch(policies, { predicate: policyChanged })
    .watch(states, {
      predicate: stateConcernsPolicies,
      map: ({ metadata, spec }) => ofTarget({ namespace: metadata.namespace, name: spec.targetRef.name }),
    })
    .watch(runs, {
      // How a run goes shows in the BootstrapState of its app; only its end makes the history longer.
      predicate: (event) => event.type !== 'updated' || isTerminal(event.object.status.conditions ?? []),
      map: ownerPolicies,
    })
    .watch(targets, { predicate: targetConcernsGuard, map: ({ metadata }) => ofTarget(metadata) })
    .receive(policyKeys);
}
