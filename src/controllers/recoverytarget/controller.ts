import type { Logger } from 'pino';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Informer } from '../../kube/cache/informer.ts';
import { Controller } from '../../kube/controller/controller.ts';
import type { KeyChannel } from '../../kube/controller/key-channel.ts';
import type { RuntimeMetrics } from '../../kube/metrics/runtime-metrics.ts';
import { ReconcilerSlots } from '../slots/reconciler-slots.ts';
import { SlotPool } from '../slots/slot-pool.ts';
import {
  RecoveryTargetReconciler,
  type RecoveryTargetReconcilerOptions,
  targetSpecChanged,
} from './reconciler.ts';

/** Options of {@link createTargetController}. */
export interface TargetControllerOptions extends Omit<RecoveryTargetReconcilerOptions, 'slots'> {
  readonly targets: Informer<RecoveryTarget>;
  /** Keys of targets to probe again. */
  readonly targetKeys: KeyChannel;
  readonly logger: Logger;
  readonly runtimeMetrics: RuntimeMetrics;
}

/** Targets probed at once; they share these places by namespace. */
const probeSlots = 8;
/** Workers beyond that, for targets that are suspended, deleted or wait for their turn. */
const quickWorkers = 2;
/** A probe is given up after this; its parts have their own, shorter limits, each of which is a verdict. */
const targetTimeoutMs = 120_000;

/** The controller of targets, with what wakes it. */
export function createTargetController(options: TargetControllerOptions): Controller {
  const { targets, targetKeys, logger, runtimeMetrics, clock } = options;
  const pool = new SlotPool({ slots: probeSlots, bytes: 0 });
  const controller = new Controller({
    name: 'recoverytarget',
    reconciler: new RecoveryTargetReconciler({
      ...options,
      slots: new ReconcilerSlots(pool, targetKeys.send),
    }),
    maxConcurrentReconciles: probeSlots + quickWorkers,
    reconcileTimeoutMs: targetTimeoutMs,
    logger,
    metrics: runtimeMetrics,
    clock,
  });
  return controller.watch(targets, { predicate: targetSpecChanged }).receive(targetKeys);
}
