import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { BootstrapRecovery } from '../api/bootstraprecovery.generated.ts';
import { isTerminal } from '../api/conditions.ts';
import type { RecoveryTarget } from '../api/recoverytarget.generated.ts';
import { bootstrapRecoveries, fieldManager, group, recoveryTargets } from '../api/resources.ts';
import { ApiClient } from '../kube/apiclient.ts';
import type { ApiClientOptions } from '../kube/calloptions.ts';
import type { Clock } from '../kube/clock.ts';
import { Controller } from '../kube/controller.ts';
import { EventLoopMonitor } from '../kube/eventloopmonitor.ts';
import { EventRecorder } from '../kube/eventrecorder.ts';
import {
  cachesSynced,
  eventLoopResponsive,
  type HealthCheck,
  leaseKnown,
  watchesAlive,
} from '../kube/healthcheck.ts';
import { Informer } from '../kube/informer.ts';
import { LeaderElector } from '../kube/leaderelector.ts';
import { RuntimeMetrics } from '../kube/metrics.ts';
import type { ObjectKey } from '../kube/objectkey.ts';
import { Runtime } from '../kube/runtime.ts';
import { metricsPrefix, RecoveryMetrics } from '../observability/metrics.ts';
import { countUnfinished } from './bootstraprecovery/accounts.ts';
import { RunSlots } from './bootstraprecovery/slots.ts';
import { BootstrapRecoveryReconciler } from './bootstraprecovery.ts';
import { RecoveryTargetReconciler, targetChanged } from './recoverytarget.ts';
import { BucketPool } from './target/bucketpool.ts';

/** What an operator is made of. */
export interface OperatorOptions {
  readonly loadConfig: ApiClientOptions['loadConfig'];
  readonly userAgent: string;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  /** Left out: no election, for a single replica. */
  readonly lease?: { readonly namespace: string; readonly name: string };
  /** Which replica this is: unique, shown in the lease and in events. */
  readonly identity: string;
  readonly maxConcurrentRuns: number;
  readonly shutdownGraceMs: number;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The controllers with everything around them, ready to run. */
export interface Operator {
  readonly liveness: readonly HealthCheck[];
  readonly readiness: readonly HealthCheck[];
  /** Runs until `signal` aborts; see `Runtime.run` for how it rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** Workers beyond the runs at once, so that answering, waiting and deleting never queue up behind long runs. */
const quickWorkers = 8;
const targetWorkers = 4;
/** A look at a target is given up after this: Redis and storage have their own, shorter limits. */
const targetTimeoutMs = 120_000;
/** Bookmarks come every minute and watches end after ten at the latest, so this is silence. */
const maxWatchIdleMs = 15 * 60_000;
const eventLoopWindowMs = 60_000;
const maxEventLoopDelayMs = 5_000;

/** Wires the controllers of this project to an API server. Nothing is sent before {@link Operator.run}. */
export function createOperator(options: OperatorOptions): Operator {
  const { logger, registry, clock, random, namespaces, identity, lease } = options;
  const metrics = new RuntimeMetrics({ registry, prefix: metricsPrefix });
  const recoveryMetrics = new RecoveryMetrics(registry);
  const shared = { logger, metrics, clock };
  const client = new ApiClient({
    loadConfig: options.loadConfig,
    userAgent: options.userAgent,
    metrics,
    clock,
    onWarning: (warning) => logger.warn({ warning }, 'the API server warns'),
  });
  const watching = { ...shared, client, namespaces, random };
  const runs = new Informer<BootstrapRecovery>({
    ...watching,
    resource: bootstrapRecoveries,
    indexers: { waitingFor },
  });
  const targets = new Informer<RecoveryTarget>({ ...watching, resource: recoveryTargets });
  const recorder = new EventRecorder({
    ...shared,
    client,
    reportingController: `${group}/controller`,
    reportingInstance: identity,
  });
  const buckets = new BucketPool(({ operation, result }) =>
    recoveryMetrics.storageRequests.inc({ operation, result }),
  );
  const tools = {
    client,
    buckets,
    recorder,
    clock,
    random,
    metrics: recoveryMetrics,
    owner: { client, fieldManager, metrics, logger },
  };
  const wake = (key: ObjectKey): void => runController.enqueue(key);
  const slots = new RunSlots(options.maxConcurrentRuns, wake);
  const runController = new Controller({
    ...shared,
    name: 'bootstraprecovery',
    reconciler: new BootstrapRecoveryReconciler({
      ...tools,
      runs: runs.store,
      targets: targets.store,
      slots,
    }),
    maxConcurrentReconciles: options.maxConcurrentRuns + quickWorkers,
  })
    .watch(runs)
    .watch(targets, {
      map: ({ metadata }) =>
        runs.store.byIndex('waitingFor', `${metadata.namespace}/${metadata.name}`).map((run) => run.metadata),
    });
  const targetController = new Controller({
    ...shared,
    name: 'recoverytarget',
    reconciler: new RecoveryTargetReconciler(tools),
    maxConcurrentReconciles: targetWorkers,
    reconcileTimeoutMs: targetTimeoutMs,
  }).watch(targets, { predicate: targetChanged });
  const elector = lease && new LeaderElector({ ...shared, ...lease, client, identity, random });
  const caches = [runs, targets];
  const runtime = new Runtime({
    ...shared,
    caches,
    controllers: [runController, targetController],
    recorder,
    shutdownGraceMs: options.shutdownGraceMs,
    ...(elector && { elector }),
  });
  metrics.onScrape(() => countUnfinished(recoveryMetrics, runs.store, clock));
  const eventLoop = new EventLoopMonitor(eventLoopWindowMs, () => clock.monotonic());
  return {
    liveness: [watchesAlive(caches, maxWatchIdleMs), eventLoopResponsive(eventLoop, maxEventLoopDelayMs)],
    readiness: [cachesSynced(caches), ...(elector ? [leaseKnown(elector)] : [])],
    async run(signal) {
      try {
        await runtime.run(signal);
      } finally {
        eventLoop[Symbol.dispose]();
        await client.close();
      }
    },
  };
}

/** The target a run still needs; a change of a target is no news for runs that have ended. */
function waitingFor({ metadata, spec, status }: BootstrapRecovery): readonly string[] {
  return isTerminal(status.conditions ?? []) ? [] : [`${metadata.namespace}/${spec.targetRef.name}`];
}
