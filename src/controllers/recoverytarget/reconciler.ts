// Watches RecoveryTargets.
// Writes one thing: the status of a RecoveryTarget (with its events beside it).
// Looks at Redis, storage and the trusted roots when the spec changes and once every validation interval; reads only.
// Runs that wait for a target are woken by this status: src/controllers/bootstraprecovery/reconciler.ts watches targets too.

import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '../../api/condition.ts';
import { transitionEvents } from '../../api/events.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { recoveryTargets } from '../../api/resources.ts';
import type { Clock } from '../../async/clock.ts';
import type { StoreEvent } from '../../kube/cache/store.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { isNotFound } from '../../kube/client/api-error.ts';
import { applyStatus, type StatusOwner } from '../../kube/client/apply-status.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import type { ReconcileContext, Reconciler, Result } from '../../kube/controller/reconcile.ts';
import type { EventRecorder } from '../../kube/events/event-recorder.ts';
import type { RecoveryMetrics } from '../../observability/metrics.ts';
import type { BucketPool } from '../target-connection/bucket-pool.ts';
import { type Probe, probeTarget } from './probe.ts';
import { targetStatus } from './status.ts';

/** What a {@link RecoveryTargetReconciler} is made of. */
export interface RecoveryTargetReconcilerOptions {
  readonly client: APIClient;
  readonly owner: StatusOwner;
  readonly recorder: EventRecorder;
  readonly buckets: BucketPool;
  readonly metrics: RecoveryMetrics;
  readonly clock: Clock;
}

/** Milliseconds until a target that is not usable is looked at again, when its interval is longer. */
const unusableInterval = 30_000;

/** Keeps the status of RecoveryTargets true. */
export class RecoveryTargetReconciler implements Reconciler {
  readonly #options: RecoveryTargetReconcilerOptions;

  constructor(options: RecoveryTargetReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: ObjectKey, { signal }: ReconcileContext): Promise<Result> {
    const { client, buckets, metrics } = this.#options;
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
    const probe = await probeTarget(client, buckets, target, signal);
    const ready = await this.#write(target, probe);
    metrics.targetReady.set(labels, ready ? 1 : 0);
    if (probe.apps !== undefined) {
      metrics.targetApps.set(labels, probe.apps.length);
    }
    const intervalMs = target.spec.validationIntervalSeconds * 1000;
    return { requeueAfterMs: ready ? intervalMs : Math.min(intervalMs, unusableInterval) };
  }

  async #write(target: RecoveryTarget, probe: Probe | 'suspended'): Promise<boolean> {
    const { owner, recorder, clock } = this.#options;
    const status = targetStatus(target, probe, clock.now());
    const written = await applyStatus<RecoveryTarget>(owner, recoveryTargets, target, status);
    for (const event of transitionEvents(target.status.conditions ?? [], status.conditions ?? [])) {
      recorder.event(written, event);
    }
    return findCondition(status.conditions, 'Ready')?.status === 'True';
  }
}

/** Our own writes of the status are no reason to look again: only new objects and new specs are. */
export function targetChanged(event: StoreEvent<RecoveryTarget>): boolean {
  return event.type !== 'updated' || !isDeepStrictEqual(event.object.spec, event.previous.spec);
}
