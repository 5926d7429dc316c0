import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import {
  bootstrapRecoveries,
  bootstrapStates,
  recoveryPolicies,
  recoveryTargets,
} from '../../api/resources.ts';
import { Informer, type InformerOptions } from '../../kube/cache/informer.ts';
import { targetIndex, targetOf } from '../app-history/app-history.ts';
import { cachedRun, neededTarget, unfinishedByTargetIndex } from '../bootstraprecovery/cached-run.ts';
import { stateIndex, statesOfRun } from '../bootstrapstate/recoveries/run-index.ts';
import { ownerIndex, ownersOf } from '../recoverypolicy/history.ts';
import { isInShard, type Shard } from './shard.ts';

/** What the informers of all kinds share. */
export type CacheOptions = Pick<
  InformerOptions<BootstrapRecovery>,
  'client' | 'namespaces' | 'logger' | 'metrics' | 'clock' | 'random'
>;

/** One informer for each kind, with the indexes that the controllers look objects up by. */
export interface Caches {
  readonly runs: Informer<BootstrapRecovery>;
  readonly targets: Informer<RecoveryTarget>;
  readonly policies: Informer<RecoveryPolicy>;
  readonly states: Informer<BootstrapState>;
}

/**
 * Makes the informers. Nothing is sent before they run.
 *
 * @param shard which targets are cached, with all that belongs to them; undefined: all of them
 */
export function createCaches(options: CacheOptions, shard: Shard | undefined): Caches {
  const isOurs = (namespace: string | undefined, target: string): boolean =>
    shard === undefined || isInShard(shard, namespace, target);
  const accepts = ({ metadata, spec }: BootstrapRecovery | RecoveryPolicy | BootstrapState): boolean =>
    isOurs(metadata.namespace, spec.targetRef.name);
  return {
    runs: new Informer<BootstrapRecovery>({
      ...options,
      resource: bootstrapRecoveries,
      accepts,
      transform: cachedRun,
      indexers: {
        [unfinishedByTargetIndex]: neededTarget,
        [ownerIndex]: ownersOf,
        [stateIndex]: statesOfRun,
      },
    }),
    targets: new Informer<RecoveryTarget>({
      ...options,
      resource: recoveryTargets,
      accepts: ({ metadata }) => isOurs(metadata.namespace, metadata.name),
    }),
    policies: new Informer<RecoveryPolicy>({
      ...options,
      resource: recoveryPolicies,
      accepts,
      indexers: { [targetIndex]: targetOf },
    }),
    states: new Informer<BootstrapState>({
      ...options,
      resource: bootstrapStates,
      accepts,
      indexers: { [targetIndex]: targetOf },
    }),
  };
}
