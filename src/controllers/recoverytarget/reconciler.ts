// Watches RecoveryTargets.
// Writes one thing: the status of a RecoveryTarget (with its events beside it).
// Looks at Redis, storage and the trusted roots when the spec changes and once every validation interval; reads only.
// Runs that wait for a target are woken by this status: src/controllers/bootstraprecovery/reconciler.ts watches targets too.

import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '../../api/condition.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { recoveryTargets } from '../../api/resources.ts';
import type { StoreEvent } from '../../kube/cache/store.ts';
import { isNotFound } from '../../kube/client/api-error.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import type { ReconcileContext, Reconciler, Result } from '../../kube/controller/reconcile.ts';
import type { RecoveryMetrics } from '../../observability/metrics.ts';
import { StatusWriter, type StatusWriterTools } from '../status/status-writer.ts';
import type { ConnectionTools } from '../target-connection/connect-target.ts';
import { type Probe, probeTarget } from './probe.ts';
import { targetStatus } from './status.ts';

/** What a {@link RecoveryTargetReconciler} is made of. */
export interface RecoveryTargetReconcilerOptions extends StatusWriterTools, ConnectionTools {
  readonly metrics: RecoveryMetrics;
}

/** Milliseconds until a target that is not usable is looked at again, when its interval is longer. */
const unusableInterval = 30_000;

/** Milliseconds until a target is looked at again that changed while it was looked at. */
const outdatedInterval = 1_000;

/** Keeps the status of RecoveryTargets true. */
export class RecoveryTargetReconciler implements Reconciler {
  readonly #options: RecoveryTargetReconcilerOptions;

  readonly #status: StatusWriter<RecoveryTarget>;

  constructor(options: RecoveryTargetReconcilerOptions) {
    this.#options = options;
    this.#status = new StatusWriter(options, { resource: recoveryTargets });
  }

  async reconcile(key: ObjectKey, { signal }: ReconcileContext): Promise<Result> {
    const { client, metrics } = this.#options;
    const labels = { namespace: key.namespace ?? 'default', target: key.name };
    const target = await client
      .get<RecoveryTarget>(recoveryTargets, key, { signal })
      .catch((error: unknown) => {
        if (isNotFound(error)) {
          return undefined;
        }
        throw error;
      });
    if (target === undefined || target.metadata.deletionTimestamp !== undefined) {
      metrics.forgetTarget(labels);
      return {};
    }
    if (target.spec.suspend) {
      metrics.forgetTarget(labels);
      await this.#write(target, 'suspended');
      return {};
    }
    const probe = await probeTarget(this.#options, target, signal);
    const ready = await this.#write(target, probe);
    if (ready === undefined) {
      return { requeueAfterMs: outdatedInterval };
    }
    metrics.targetReady.set(labels, ready ? 1 : 0);
    if (probe.apps !== undefined) {
      metrics.targetApps.set(labels, probe.apps.length);
    }
    const intervalMs = target.spec.validationIntervalSeconds * 1000;
    return { requeueAfterMs: ready ? intervalMs : Math.min(intervalMs, unusableInterval) };
  }

  /** Whether the target is ready; undefined when it has changed since it was read: what was found out is about another one. */
  async #write(target: RecoveryTarget, probe: Probe | 'suspended'): Promise<boolean | undefined> {
    const status = targetStatus(target, probe, this.#options.clock.now());
    const written = await this.#status.write(target, () => status);
    return written && findCondition(status.conditions, 'Ready')?.status === 'True';
  }
}

/** Our own writes of the status are no reason to look again: only new objects and new specs are. */
export function targetChanged(event: StoreEvent<RecoveryTarget>): boolean {
  return event.type !== 'updated' || !isDeepStrictEqual(event.object.spec, event.previous.spec);
}
