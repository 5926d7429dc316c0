import { formatObjectKey, type ObjectKey } from '../kube/client/object-key.ts';
import { Runtime } from '../kube/controller/runtime.ts';
import { EventLoopMonitor } from '../kube/health/event-loop-monitor.ts';
import {
  cachesSynced,
  eventLoopResponsive,
  type HealthCheck,
  leaseKnown,
  watchesAlive,
} from '../kube/health/health-check.ts';
import { targetIndex } from './app-history/app-history.ts';
import { createRunController } from './bootstraprecovery/controller.ts';
import { countUnfinished } from './bootstraprecovery/metrics.ts';
import { createStateController } from './bootstrapstate/controller.ts';
import { countStates } from './bootstrapstate/metrics.ts';
import type { OperatorOptions } from './operator/options.ts';
import { createParts } from './operator/parts.ts';
import { createPolicyController } from './recoverypolicy/controller.ts';
import { createTargetController } from './recoverytarget/controller.ts';
import { KeyedSlots } from './slots/keyed-slots.ts';
import { SlotPool } from './slots/slot-pool.ts';

/** The controllers with everything around them, ready to run. */
export interface Operator {
  readonly liveness: readonly HealthCheck[];
  readonly readiness: readonly HealthCheck[];
  /** Runs until `signal` aborts; see `Runtime.run` for how it rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** How many of the slots verifications of policies may take. */
const maxShareOfVerifications = 0.5;
/** Bookmarks come every minute and watches end after ten at the latest, so this is silence. */
const maxWatchIdleMs = 15 * 60_000;
const eventLoopWindowMs = 60_000;
const maxEventLoopDelayMs = 5_000;

/** Wires the controllers of this project to an API server. Nothing is sent before {@link Operator.run}. */
export function createOperator(options: OperatorOptions): Operator {
  const { logger, clock, shutdownGraceMs } = options;
  const parts = createParts(options);
  const { runs, targets, policies, states, elector, recorder, tools, runtimeMetrics } = parts;
  const caches = [runs, targets, policies, states];
  const slots = new SlotPool({
    slots: options.maxConcurrentRuns,
    bytes: options.memoryBytes,
    perKind: { verification: Math.max(1, Math.floor(options.maxConcurrentRuns * maxShareOfVerifications)) },
  });
  const runSlots = new KeyedSlots(slots, (key) => runController.enqueue(key));
  const runController = createRunController(options, parts, runSlots);
  const targetController = createTargetController(options, parts);
  const policyController = createPolicyController({ ...options, ...parts });
  const stateController = createStateController({ ...options, ...parts, slots });
  tools.watches.listen({
    changed: (state) => stateController.enqueue(state),
    standing: (target) => {
      targetController.enqueue(target);
      for (const { metadata } of statesOf(target)) {
        stateController.enqueue(metadata);
      }
    },
    listed: (target) => {
      for (const { metadata } of policies.store.byIndex(targetIndex, formatObjectKey(target))) {
        policyController.enqueue(metadata);
      }
    },
  });
  const statesOf = (target: ObjectKey) => states.store.byIndex(targetIndex, formatObjectKey(target));
  const runtime = new Runtime({
    caches,
    controllers: [runController, targetController, policyController, stateController],
    recorder,
    shutdownGraceMs,
    logger,
    clock,
    ...(elector && { elector }),
  });
  runtimeMetrics.onScrape(() => countUnfinished(tools.metrics, runs.store, clock));
  runtimeMetrics.onScrape(() => countStates(tools.metrics, states.store.list(), clock.now()));
  const eventLoop = new EventLoopMonitor(eventLoopWindowMs, () => clock.monotonic());
  return {
    liveness: [watchesAlive(caches, maxWatchIdleMs), eventLoopResponsive(eventLoop, maxEventLoopDelayMs)],
    readiness: [cachesSynced(caches), ...(elector ? [leaseKnown(elector)] : [])],
    async run(signal) {
      try {
        await runtime.run(signal);
      } finally {
        tools.watches[Symbol.dispose]();
        eventLoop[Symbol.dispose]();
        await tools.client.close();
      }
    },
  };
}
