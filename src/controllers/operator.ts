// Makes every part of the operator, each with only what it needs, and joins them. Nothing else here decides
// anything.
import { randomUUID } from 'node:crypto';
import { fieldManager, group } from '../api/resources.ts';
import type { Steps } from '../async/in-turns.ts';
import { APIClient } from '../kube/client/api-client.ts';
import { formatObjectKey, type ObjectKey } from '../kube/client/object-key.ts';
import { KeyChannel } from '../kube/controller/key-channel.ts';
import { Runtime } from '../kube/controller/runtime.ts';
import { EventRecorder } from '../kube/events/event-recorder.ts';
import { EventLoopMonitor } from '../kube/health/event-loop-monitor.ts';
import {
  cachesSynced,
  eventLoopResponsive,
  type HealthCheck,
  leaseKnown,
  watchesAlive,
} from '../kube/health/health-check.ts';
import { LeaderElector, LeadershipLostError } from '../kube/leaderelection/leader-elector.ts';
import { RuntimeMetrics } from '../kube/metrics/runtime-metrics.ts';
import { addressOf } from '../net/dial.ts';
import { appSeries } from '../observability/app-series.ts';
import { metricsPrefix, RecoveryMetrics } from '../observability/metrics.ts';
import { AppHistoryReader, targetIndex } from './app-history/app-history.ts';
import { createRunController } from './bootstraprecovery/controller.ts';
import { countUnfinishedRuns } from './bootstraprecovery/metrics.ts';
import { createStateController } from './bootstrapstate/controller.ts';
import { appSeriesFacts } from './bootstrapstate/metrics.ts';
import { TargetWatches } from './loss-detection/target-watches.ts';
import { createCaches } from './operator/caches.ts';
import { notifyOfEvents } from './operator/notifications.ts';
import type { OperatorOptions } from './operator/options.ts';
import { createPolicyController } from './recoverypolicy/controller.ts';
import { createTargetController } from './recoverytarget/controller.ts';
import { ReconcilerSlots } from './slots/reconciler-slots.ts';
import { SlotPool } from './slots/slot-pool.ts';
import { BucketPool } from './target-connection/bucket-pool.ts';

/** The controllers with everything around them, ready to run. */
export interface Operator {
  readonly liveness: readonly HealthCheck[];
  readonly readiness: readonly HealthCheck[];
  /** The series of all apps, for one scrape: they are in no registry. */
  series(): Steps<readonly Uint8Array[]>;
  /** Runs until `signal` aborts; see `Runtime.run` for how it rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** How many of the slots verifications of policies may take; a namespace has three quarters of these. */
const maxShareOfVerifications = 0.75;
/** Bookmarks come every minute and watches end after ten at the latest, so this is silence. */
const maxWatchIdleMs = 15 * 60_000;
const eventLoopWindowMs = 60_000;
const maxEventLoopDelayMs = 5_000;
/** The API server, to every pod. */
const apiServerInCluster = 'https://kubernetes.default.svc';
/** A single replica without a lease: its restarts are the same installation. */
const standalone = 'standalone';

/** Wires the controllers of this project to an API server. Nothing is sent before {@link Operator.run}. */
export function createOperator(options: OperatorOptions): Operator {
  const { namespaces, lease, identity, proxy, maxConcurrentRuns, registry, logger, clock, random } = options;
  const runtimeMetrics = new RuntimeMetrics({ registry, prefix: metricsPrefix });
  const metrics = new RecoveryMetrics(registry);
  const client = new APIClient({
    loadConfig: options.loadConfig,
    userAgent: options.userAgent,
    metrics: runtimeMetrics,
    clock,
    onWarning: (warning) => logger.warn({ warning }, 'the API server warns'),
  });
  const runtimeOptions = { client, logger, metrics: runtimeMetrics, clock, random };
  const recorder = new EventRecorder({
    ...runtimeOptions,
    reportingController: `${group}/controller`,
    reportingInstance: identity,
    subscriber: options.notifications && notifyOfEvents(options.notifications, { ...options, metrics }),
  });
  const elector = lease && new LeaderElector({ ...runtimeOptions, ...lease, identity });
  const { runs, targets, policies, states } = createCaches({ ...runtimeOptions, namespaces }, options.shard);
  const caches = [runs, targets, policies, states];

  // What finds out about a change sends a key here; the controllers below receive it.
  const runKeys = new KeyChannel();
  const targetKeys = new KeyChannel();
  const policyKeys = new KeyChannel();
  const stateKeys = new KeyChannel();
  const statesOf = (target: ObjectKey) => states.store.byIndex(targetIndex, formatObjectKey(target));
  const policiesOf = (target: ObjectKey) => policies.store.byIndex(targetIndex, formatObjectKey(target));

  const buckets = new BucketPool(
    ({ operation, result }) => metrics.storageRequests.inc({ operation, result }),
    proxy,
  );
  // Asked for every connection, so it must not read a file that may be half-written at that moment.
  const apiServer = () => addressOf(new URL(client.server ?? apiServerInCluster));
  const rules = { ...options.rules, apiServer };
  const connection = { client, buckets, rules };
  const watches = new TargetWatches({
    ...connection,
    clock,
    random,
    logger,
    listener: {
      changed: stateKeys.send,
      availabilityChanged: (target) => {
        targetKeys.send(target);
        for (const { metadata } of statesOf(target)) {
          stateKeys.send(metadata);
        }
      },
      keysChanged: targetKeys.send,
      bucketAvailabilityChanged: targetKeys.send,
      listed: (target) => {
        for (const { metadata } of policiesOf(target)) {
          policyKeys.send(metadata);
        }
      },
    },
  });
  const slots = new SlotPool({
    slots: maxConcurrentRuns,
    bytes: options.memoryBytes,
    perKind: { verification: Math.max(1, Math.floor(maxConcurrentRuns * maxShareOfVerifications)) },
  });
  const statusWriting = {
    client,
    owner: { client, fieldManager, metrics: runtimeMetrics, logger },
    recorder,
    clock,
    random,
    assertLeading: () => {
      if (elector && !elector.isLeading) {
        throw new LeadershipLostError(lease.name);
      }
    },
  };
  const controllerOptions = { ...connection, ...statusWriting, metrics, runtimeMetrics, logger };

  const controllers = [
    createRunController({
      ...controllerOptions,
      runs,
      targets,
      policies,
      runKeys,
      slots: new ReconcilerSlots(slots, runKeys.send),
      history: new AppHistoryReader(client, states.store, policies.store),
      installation: lease === undefined ? standalone : `${lease.namespace}/${lease.name}`,
      newID: randomUUID,
      maxConcurrentRuns,
    }),
    createTargetController({ ...controllerOptions, targets, targetKeys, watches }),
    createPolicyController({ ...controllerOptions, policies, states, runs, targets, policyKeys, watches }),
    createStateController({
      ...controllerOptions,
      states,
      policies,
      runs,
      targets,
      stateKeys,
      slots: new ReconcilerSlots(slots, stateKeys.send),
      watches,
      proxy,
      newID: randomUUID,
    }),
  ];
  const runtime = new Runtime({
    caches,
    controllers,
    recorder,
    shutdownGraceMs: options.shutdownGraceMs,
    logger,
    clock,
    ...(elector && { elector }),
  });
  runtimeMetrics.onScrape(() => countUnfinishedRuns(metrics, runs.store, clock));
  const eventLoop = new EventLoopMonitor(eventLoopWindowMs, () => clock.monotonic());
  return {
    liveness: [watchesAlive(caches, maxWatchIdleMs), eventLoopResponsive(eventLoop, maxEventLoopDelayMs)],
    readiness: [cachesSynced(caches), ...(elector ? [leaseKnown(elector)] : [])],
    series: () => appSeries(appSeriesFacts(states.store.list(), clock.now())),
    async run(signal) {
      try {
        await runtime.run(signal);
      } finally {
        watches[Symbol.dispose]();
        eventLoop[Symbol.dispose]();
        await client.close();
      }
    },
  };
}
