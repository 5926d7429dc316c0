import { randomUUID } from 'node:crypto';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { isTerminal } from '../../api/conditions.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import {
  bootstrapRecoveries,
  bootstrapStates,
  fieldManager,
  group,
  recoveryPolicies,
  recoveryTargets,
} from '../../api/resources.ts';
import { Informer } from '../../kube/cache/informer.ts';
import { APIClient } from '../../kube/client/api-client.ts';
import { EventRecorder } from '../../kube/events/event-recorder.ts';
import { LeaderElector, LeadershipLostError } from '../../kube/leaderelection/leader-elector.ts';
import { RuntimeMetrics } from '../../kube/metrics/runtime-metrics.ts';
import { metricsPrefix, RecoveryMetrics } from '../../observability/metrics.ts';
import type { S3Observer } from '../../storage/s3/s3-options.ts';
import { AppHistoryReader, targetIndex, targetOf } from '../app-history/app-history.ts';
import { cachedRun } from '../bootstraprecovery/cached-run.ts';
import { stateIndex, statesOfRun } from '../bootstrapstate/run-index.ts';
import { TargetWatches } from '../loss-detection/target-watches.ts';
import { ownerIndex, ownersOf } from '../recoverypolicy/history.ts';
import { BucketPool } from '../target-connection/bucket-pool.ts';
import type { OperatorOptions } from './options.ts';

/** What the controllers share: the API server as they see it, and what they work with. */
export type Parts = ReturnType<typeof createParts>;

/** Index of runs that have not ended, by the target they need: `namespace/name`. */
export const waitingIndex = 'waitingFor';

/** A single replica without a lease: its restarts are the same installation. */
const standalone = 'standalone';

/** Makes the parts. Nothing is sent before they are run. */
export function createParts({
  logger,
  clock,
  random,
  namespaces,
  identity,
  lease,
  ...options
}: OperatorOptions) {
  const runtimeMetrics = new RuntimeMetrics({ registry: options.registry, prefix: metricsPrefix });
  const metrics = new RecoveryMetrics(options.registry);
  const client = new APIClient({
    loadConfig: options.loadConfig,
    userAgent: options.userAgent,
    metrics: runtimeMetrics,
    clock,
    onWarning: (warning) => logger.warn({ warning }, 'the API server warns'),
  });
  const shared = { client, logger, metrics: runtimeMetrics, clock, random };
  const watching = { ...shared, namespaces };
  const reportingController = `${group}/controller`;
  const recorder = new EventRecorder({ ...shared, reportingController, reportingInstance: identity });
  const elector = lease && new LeaderElector({ ...shared, ...lease, identity });
  const countRequest: S3Observer = ({ operation, result }) =>
    metrics.storageRequests.inc({ operation, result });
  const policies = new Informer<RecoveryPolicy>({
    ...watching,
    resource: recoveryPolicies,
    indexers: { [targetIndex]: targetOf },
  });
  const states = new Informer<BootstrapState>({
    ...watching,
    resource: bootstrapStates,
    indexers: { [targetIndex]: targetOf },
  });
  const buckets = new BucketPool(countRequest, options.proxy);
  return {
    runtimeMetrics,
    recorder,
    elector,
    runs: new Informer<BootstrapRecovery>({
      ...watching,
      resource: bootstrapRecoveries,
      transform: cachedRun,
      indexers: { [waitingIndex]: waitingFor, [ownerIndex]: ownersOf, [stateIndex]: statesOfRun },
    }),
    targets: new Informer<RecoveryTarget>({ ...watching, resource: recoveryTargets }),
    policies,
    states,
    tools: {
      client,
      buckets,
      watches: new TargetWatches({
        client,
        buckets,
        rules: options.rules,
        clock,
        random,
        logger,
      }),
      memory: new AppHistoryReader(client, states.store, policies.store),
      rules: options.rules,
      proxy: options.proxy,
      recorder,
      clock,
      random,
      newID: randomUUID,
      installation: lease === undefined ? standalone : `${lease.namespace}/${lease.name}`,
      metrics,
      owner: { client, fieldManager, metrics: runtimeMetrics, logger },
      assertLeading: () => {
        if (elector && !elector.isLeading) {
          throw new LeadershipLostError(lease.name);
        }
      },
    },
  };
}

/** The target a run still needs; a change of a target is no news for runs that have ended. */
function waitingFor({ metadata, spec, status }: BootstrapRecovery): readonly string[] {
  return isTerminal(status.conditions ?? []) ? [] : [`${metadata.namespace}/${spec.targetRef.name}`];
}
