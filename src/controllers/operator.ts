import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { BootstrapRecovery } from '../api/bootstraprecovery.generated.ts';
import { isTerminal } from '../api/conditions.ts';
import type { RecoveryPolicy } from '../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../api/recoverytarget.generated.ts';
import {
  bootstrapRecoveries,
  fieldManager,
  group,
  recoveryPolicies,
  recoveryTargets,
} from '../api/resources.ts';
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
import { LeaderElector, LeadershipLostError } from '../kube/leaderelector.ts';
import { RuntimeMetrics } from '../kube/metrics.ts';
import { Runtime } from '../kube/runtime.ts';
import { metricsPrefix, RecoveryMetrics } from '../observability/metrics.ts';
import type { S3Observer } from '../storage/s3-options.ts';
import { countUnfinished } from './bootstraprecovery/accounts.ts';
import { RunSlots } from './bootstraprecovery/slots.ts';
import { BootstrapRecoveryReconciler } from './bootstraprecovery.ts';
import { PolicyMemory, targetIndex, targetOf } from './memory/recall.ts';
import { createPolicyController } from './recoverypolicy/controller.ts';
import { ownerIndex, ownersOf } from './recoverypolicy/facts.ts';
import { Places } from './recoverypolicy/places.ts';
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

/** What the controllers are made of. */
type Parts = ReturnType<typeof createParts>;

/** Wires the controllers of this project to an API server. Nothing is sent before {@link Operator.run}. */
export function createOperator(options: OperatorOptions): Operator {
  const { logger, clock, shutdownGraceMs } = options;
  const parts = createParts(options);
  const { runs, targets, policies, elector, recorder, tools, runtimeMetrics } = parts;
  const caches = [runs, targets, policies];
  const slots = new RunSlots(options.maxConcurrentRuns, (key) => {
    if (!places.wake(key)) runController.enqueue(key);
  });
  const places = new Places(slots);
  const runController = createRunController(options, parts, slots);
  const runtime = new Runtime({
    caches,
    controllers: [
      runController,
      createTargetController(options, parts),
      createPolicyController({ ...options, ...parts, places }),
    ],
    recorder,
    shutdownGraceMs,
    logger,
    clock,
    ...(elector && { elector }),
  });
  runtimeMetrics.onScrape(() => countUnfinished(tools.metrics, runs.store, clock));
  const eventLoop = new EventLoopMonitor(eventLoopWindowMs, () => clock.monotonic());
  return {
    liveness: [watchesAlive(caches, maxWatchIdleMs), eventLoopResponsive(eventLoop, maxEventLoopDelayMs)],
    readiness: [cachesSynced(caches), ...(elector ? [leaseKnown(elector)] : [])],
    async run(signal) {
      try {
        await runtime.run(signal);
      } finally {
        eventLoop[Symbol.dispose]();
        await tools.client.close();
      }
    },
  };
}

function createParts({ logger, clock, random, namespaces, identity, lease, ...options }: OperatorOptions) {
  const runtimeMetrics = new RuntimeMetrics({ registry: options.registry, prefix: metricsPrefix });
  const metrics = new RecoveryMetrics(options.registry);
  const client = new ApiClient({
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
  return {
    runtimeMetrics,
    recorder,
    elector,
    runs: new Informer<BootstrapRecovery>({
      ...watching,
      resource: bootstrapRecoveries,
      indexers: { waitingFor, [ownerIndex]: ownersOf },
    }),
    targets: new Informer<RecoveryTarget>({ ...watching, resource: recoveryTargets }),
    policies,
    tools: {
      client,
      buckets: new BucketPool(countRequest),
      memory: new PolicyMemory(client, policies.store),
      recorder,
      clock,
      random,
      metrics,
      owner: { client, fieldManager, metrics: runtimeMetrics, logger },
      assertLeading: () => {
        if (elector && !elector.isLeading) throw new LeadershipLostError(lease.name);
      },
    },
  };
}

function createRunController(
  { maxConcurrentRuns, logger, clock }: OperatorOptions,
  { runs, targets, policies, tools, runtimeMetrics }: Parts,
  slots: RunSlots,
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
            .byIndex('waitingFor', `${metadata.namespace}/${metadata.name}`)
            .map((run) => run.metadata),
      })
      // Wakes nobody; but no run may begin before the marks that bind it are known.
      .watch(policies, { predicate: () => false })
  );
}

function createTargetController(
  { logger, clock }: OperatorOptions,
  { targets, tools, runtimeMetrics }: Parts,
): Controller {
  const controller = new Controller({
    name: 'recoverytarget',
    reconciler: new RecoveryTargetReconciler(tools),
    maxConcurrentReconciles: targetWorkers,
    reconcileTimeoutMs: targetTimeoutMs,
    logger,
    metrics: runtimeMetrics,
    clock,
  });
  return controller.watch(targets, { predicate: targetChanged });
}

/** The target a run still needs; a change of a target is no news for runs that have ended. */
function waitingFor({ metadata, spec, status }: BootstrapRecovery): readonly string[] {
  return isTerminal(status.conditions ?? []) ? [] : [`${metadata.namespace}/${spec.targetRef.name}`];
}
