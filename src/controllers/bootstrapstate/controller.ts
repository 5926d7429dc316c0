import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { isTerminal } from '../../api/conditions.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Clock } from '../../async/clock.ts';
import type { Informer } from '../../kube/cache/informer.ts';
import type { StoreEvent } from '../../kube/cache/store.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import { Controller } from '../../kube/controller/controller.ts';
import type { RuntimeMetrics } from '../../kube/metrics/runtime-metrics.ts';
import { targetIndex } from '../app-history/app-history.ts';
import { policyChanged, targetConcernsGuard } from '../recoverypolicy/wake.ts';
import type { SlotPool } from '../slots/slot-pool.ts';
import { covers } from './guard.ts';
import { stateName } from './names.ts';
import { BootstrapStateReconciler, type BootstrapStateReconcilerOptions } from './reconciler.ts';

/** What the controller of apps is made of. */
export interface StateControllerOptions {
  readonly policies: Informer<RecoveryPolicy>;
  readonly states: Informer<BootstrapState>;
  readonly runs: Informer<BootstrapRecovery>;
  readonly targets: Informer<RecoveryTarget>;
  readonly tools: Omit<
    BootstrapStateReconcilerOptions,
    'policies' | 'states' | 'runs' | 'targets' | 'slots' | 'newID' | 'wake'
  >;
  readonly slots: SlotPool;
  readonly logger: Logger;
  readonly runtimeMetrics: RuntimeMetrics;
  readonly clock: Clock;
}

/** Most of what an app waits for is the API server; verification has places of its own. */
const workers = 32;

/** The controller of apps, with what wakes it. */
export function createStateController(options: StateControllerOptions): Controller {
  const { policies, states, runs, targets, tools, slots, logger, runtimeMetrics, clock } = options;
  const controller: Controller = new Controller({
    name: 'bootstrapstate',
    reconciler: new BootstrapStateReconciler({
      ...tools,
      policies: policies.store,
      states: states.store,
      runs: runs.store,
      targets: targets.store,
      slots,
      newID: randomUUID,
      wake: (key) => controller.enqueue(key),
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
    .watch(runs, { predicate: runConcernsState, map: stateOfRun });
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
