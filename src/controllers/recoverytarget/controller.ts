import { Controller } from '../../kube/controller/controller.ts';
import type { OperatorOptions } from '../operator/options.ts';
import type { Parts } from '../operator/parts.ts';
import { RecoveryTargetReconciler, targetChanged } from './reconciler.ts';

const targetWorkers = 4;
/** A look at a target is given up after this: Redis and storage have their own, shorter limits. */
const targetTimeoutMs = 120_000;

/** The controller of targets, with what wakes it. */
export function createTargetController(
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
