import { Controller } from '../../kube/controller/controller.ts';
import type { OperatorOptions } from '../operator/options.ts';
import type { Parts } from '../operator/parts.ts';
import { KeyedSlots } from '../slots/keyed-slots.ts';
import { SlotPool } from '../slots/slot-pool.ts';
import { RecoveryTargetReconciler, targetSpecChanged } from './reconciler.ts';

/** Targets probed at once; they share these places by namespace. */
const probeSlots = 8;
/** Workers beyond that, for targets that are suspended, deleted or wait for their turn. */
const quickWorkers = 2;
/** A probe is given up after this; its parts have their own, shorter limits, each of which is a verdict. */
const targetTimeoutMs = 120_000;

/** The controller of targets, with what wakes it. */
export function createTargetController(
  { logger, clock }: OperatorOptions,
  { targets, tools, runtimeMetrics }: Parts,
): Controller {
  const pool = new SlotPool({ slots: probeSlots, bytes: 0 });
  const slots = new KeyedSlots(pool, (key) => controller.enqueue(key));
  const controller: Controller = new Controller({
    name: 'recoverytarget',
    reconciler: new RecoveryTargetReconciler({ ...tools, slots }),
    maxConcurrentReconciles: probeSlots + quickWorkers,
    reconcileTimeoutMs: targetTimeoutMs,
    logger,
    metrics: runtimeMetrics,
    clock,
  });
  return controller.watch(targets, { predicate: targetSpecChanged });
}
