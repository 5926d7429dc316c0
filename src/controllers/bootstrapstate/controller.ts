import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { isTerminal } from '../../api/conditions.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Informer } from '../../kube/cache/informer.ts';
import type { StoreEvent } from '../../kube/cache/store.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import { Controller } from '../../kube/controller/controller.ts';
import type { KeyChannel } from '../../kube/controller/key-channel.ts';
import type { RuntimeMetrics } from '../../kube/metrics/runtime-metrics.ts';
import { targetIndex } from '../app-history/app-history.ts';
import { policyChanged, targetConcernsGuard } from '../recoverypolicy/wake.ts';
import { covers } from './guard.ts';
import { stateName } from './names.ts';
import { BootstrapStateReconciler, type BootstrapStateReconcilerOptions } from './reconciler.ts';

/** Options of {@link createStateController}. */
export interface StateControllerOptions
  extends Omit<BootstrapStateReconcilerOptions, 'policies' | 'states' | 'runs' | 'targets' | 'wake'> {
  readonly policies: Informer<RecoveryPolicy>;
  /** Indexed by {@link targetIndex}. */
  readonly states: Informer<BootstrapState>;
  readonly runs: Informer<BootstrapRecovery>;
  readonly targets: Informer<RecoveryTarget>;
  /** Keys of apps whose Redis, bucket or server has news. */
  readonly stateKeys: KeyChannel;
  readonly logger: Logger;
  readonly runtimeMetrics: RuntimeMetrics;
}

/**
 * Most of what an app waits for is the API server and Redis; what waits for its verification holds none of
 * them.
 */
const workers = 32;

/** The controller of apps, with what wakes it. */
export function createStateController(options: StateControllerOptions): Controller {
  const { policies, states, runs, targets, stateKeys, logger, runtimeMetrics, clock } = options;
  const controller = new Controller({
    name: 'bootstrapstate',
    reconciler: new BootstrapStateReconciler({
      ...options,
      policies: policies.store,
      states: states.store,
      runs: runs.store,
      targets: targets.store,
      wake: stateKeys.send,
    }),
    maxConcurrentReconciles: workers,
    logger,
    metrics: runtimeMetrics,
    clock,
  });
  const ofTarget = ({ namespace, name }: ObjectKey): readonly BootstrapState[] =>
    states.store.byIndex(targetIndex, `${namespace}/${name}`);
  return controller
    .watch(states, { predicate: ({ type }) => type !== 'updated' })
    .watch(policies, {
      predicate: policyChanged,
      map: (policy) =>
        ofTarget({ namespace: policy.metadata.namespace, name: policy.spec.targetRef.name })
          .filter((state) => covers(policy, state))
          .map(({ metadata }) => metadata),
    })
    .watch(targets, {
      predicate: targetConcernsGuard,
      map: ({ metadata }) => ofTarget(metadata).map((state) => state.metadata),
    })
    .watch(runs, { predicate: runConcernsState, map: stateOfRun })
    .receive(stateKeys);
}

/** That a run exists, that it has ended, and that it is gone. */
function runConcernsState(event: StoreEvent<BootstrapRecovery>): boolean {
  return (
    event.type !== 'updated' ||
    isTerminal(event.object.status.conditions ?? []) !== isTerminal(event.previous.status.conditions ?? [])
  );
}

function stateOfRun({ metadata, spec }: BootstrapRecovery): readonly ObjectKey[] {
  return [{ namespace: metadata.namespace, name: stateName(spec.targetRef.name, spec) }];
}
