import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../api/condition.ts';
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
import type { Baseline } from '../loss-detection/baseline.ts';
import { policyChanged, targetConcernsGuard } from '../recoverypolicy/wake.ts';
import { policyCovers } from './guard.ts';
import { stateName } from './names.ts';
import { BootstrapStateReconciler, type BootstrapStateReconcilerOptions } from './reconciler.ts';

/** Options of {@link createStateController}. */
export interface StateControllerOptions
  extends Omit<
    BootstrapStateReconcilerOptions,
    'policies' | 'states' | 'runs' | 'targets' | 'wake' | 'wakeAfter'
  > {
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
  const { policies, states, runs, targets, stateKeys, watches, logger, runtimeMetrics, clock } = options;
  const controller: Controller = new Controller({
    name: 'bootstrapstate',
    reconciler: new BootstrapStateReconciler({
      ...options,
      policies: policies.store,
      states: states.store,
      runs: runs.store,
      targets: targets.store,
      wake: stateKeys.send,
      wakeAfter: (key, delayMs) => controller.enqueueAfter(key, delayMs),
    }),
    maxConcurrentReconciles: workers,
    logger,
    metrics: runtimeMetrics,
    clock,
  });
  const ofTarget = ({ namespace, name }: ObjectKey): readonly BootstrapState[] =>
    states.store.byIndex(targetIndex, `${namespace}/${name}`);
  // Before the end of the run has its app reconciled: until the next check of the bucket the app would
  // promise what that run has just refuted.
  runs.store.subscribe((event) => {
    if (event.type === 'updated' && hasJustEnded(event)) {
      const { namespace, name } = stateOfRun(event.object);
      const watch = watches.get({ namespace, name: event.object.spec.targetRef.name });
      if (watch !== undefined && foundOtherMetadata(event.object, watch.baselines.get(name))) {
        watch.signed.add(name);
      }
    }
  });
  return controller
    .watch(states, { predicate: ({ type }) => type !== 'updated' })
    .watch(policies, {
      predicate: policyChanged,
      map: (policy) =>
        ofTarget({ namespace: policy.metadata.namespace, name: policy.spec.targetRef.name })
          .filter((state) => policyCovers(policy, state))
          .map(({ metadata }) => metadata),
    })
    .watch(targets, {
      predicate: targetConcernsGuard,
      map: ({ metadata }) => ofTarget(metadata).map((state) => state.metadata),
    })
    .watch(runs, { predicate: runConcernsState, map: (run) => [stateOfRun(run)] })
    .receive(stateKeys);
}

/** That a run exists, that it has ended, and that it is gone. */
function runConcernsState(event: StoreEvent<BootstrapRecovery>): boolean {
  return event.type !== 'updated' || hasJustEnded(event);
}

function hasJustEnded({
  object,
  previous,
}: StoreEvent<BootstrapRecovery> & { readonly type: 'updated' }): boolean {
  return isTerminal(object.status.conditions ?? []) !== isTerminal(previous.status.conditions ?? []);
}

function stateOfRun({ metadata, spec }: BootstrapRecovery): ObjectKey {
  return { namespace: metadata.namespace, name: stateName(spec.targetRef.name, spec) };
}

/** Whether a run refused the metadata, or found another timestamp than the one its app is judged by. */
function foundOtherMetadata({ status }: BootstrapRecovery, baseline: Baseline | undefined): boolean {
  const { conditions, trust } = status;
  const timestampVersion = trust?.timestampVersion;
  return (
    findCondition(conditions, 'TrustVerified')?.status === 'False' ||
    (timestampVersion !== undefined && timestampVersion !== baseline?.timestamp.version)
  );
}
