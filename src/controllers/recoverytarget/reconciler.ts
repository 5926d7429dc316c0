// Watches RecoveryTargets. Writes one thing: the status of a RecoveryTarget (with its events beside it).
// Looks at Redis, storage and the trusted roots when the spec changes and once every validation interval;
// reads only. Runs that wait for a target are woken by this status:
// src/controllers/bootstraprecovery/reconciler.ts watches targets too. A missing Secret or ConfigMap is
// looked for every few seconds, and the watch of the target is opened anew when it has come.

import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '../../api/condition.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { recoveryTargets } from '../../api/resources.ts';
import { lacksReference } from '../../api/target-conditions.ts';
import type { StoreEvent } from '../../kube/cache/store.ts';
import { isNotFound } from '../../kube/client/api-error.ts';
import { formatObjectKey, type ObjectKey } from '../../kube/client/object-key.ts';
import type { ReconcileContext, ReconcileResult, Reconciler } from '../../kube/controller/reconcile.ts';
import type { RecoveryMetrics } from '../../observability/metrics.ts';
import type { TargetWatches } from '../loss-detection/target-watches.ts';
import type { ReconcilerSlots } from '../slots/reconciler-slots.ts';
import { StatusWriter, type StatusWriterDependencies } from '../status/status-writer.ts';
import type { ConnectionDependencies } from '../target-connection/connect-target.ts';
import { missingReferencePauseMs } from '../target-connection/missing-reference.ts';
import { DiscoverySweep } from './discover.ts';
import { KnownStorage, revisionOf } from './known-storage.ts';
import { lossDetectionVerdict } from './loss-detection.ts';
import { onlineKeys } from './online-keys.ts';
import type { FoundPins } from './pins.ts';
import { type Probe, probeTarget } from './probe.ts';
import {
  believedMs,
  isTargetStatusWorthWriting,
  mayBeBelieved,
  targetStatus,
  unknownStatus,
} from './status.ts';

/** Options of {@link RecoveryTargetReconciler}. */
export interface RecoveryTargetReconcilerOptions extends StatusWriterDependencies, ConnectionDependencies {
  /** For probes: a store that hangs must not keep the targets of others from being probed. */
  readonly slots: ReconcilerSlots;
  readonly metrics: RecoveryMetrics;
  readonly watches: Pick<TargetWatches, 'availability' | 'get' | 'renew'>;
}

/** Milliseconds until a target that is not usable is probed again, when its interval is longer. */
const unusableInterval = 30_000;

/** Milliseconds until a target that changed during its probe is probed again. */
const outdatedInterval = 1_000;

/** Keeps the status of RecoveryTargets true. */
export class RecoveryTargetReconciler implements Reconciler {
  readonly #options: RecoveryTargetReconcilerOptions;

  readonly #status: StatusWriter<RecoveryTarget>;
  readonly #foundPins: FoundPins = new Set();
  readonly #storage = new KnownStorage();
  /** When a target was seen last, monotonic: its status tells that only now and then. By its key. */
  readonly #seen = new Map<string, number>();
  /** Since when a target lacks something that it refers to, monotonic. By its key. */
  readonly #missingSince = new Map<string, number>();
  /** Sweeps that were cut off, by the key of their target. */
  readonly #sweeps = new Map<string, { readonly of: string; readonly sweep: DiscoverySweep }>();

  constructor(options: RecoveryTargetReconcilerOptions) {
    this.#options = options;
    this.#status = new StatusWriter(options, { resource: recoveryTargets });
  }

  async reconcile(key: ObjectKey, { signal }: ReconcileContext): Promise<ReconcileResult> {
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
      this.#options.slots.forget(key);
      this.#sweeps.delete(formatObjectKey(key));
      this.#seen.delete(formatObjectKey(key));
      this.#missingSince.delete(formatObjectKey(key));
      this.#storage.forget(key);
      metrics.forgetTarget(labels);
      return {};
    }
    if (target.spec.suspend) {
      this.#options.slots.forget(key);
      this.#missingSince.delete(formatObjectKey(key));
      metrics.forgetTarget(labels);
      await this.#write(target, 'suspended');
      return {};
    }
    const slot = this.#options.slots.take(key, {
      namespace: labels.namespace,
      target: key.name,
      kind: 'probe',
      bytes: 0,
    });
    if ('refusedBecause' in slot) {
      return this.#await(target, slot.refusedBecause);
    }
    const sweep = this.#sweepOf(key, target);
    const { clock, watches } = this.#options;
    const bucket = watches.get(key)?.bucket;
    const knownStorage = this.#storage.get(target, bucket, clock.monotonic());
    const dependencies = { ...this.#options, foundPins: this.#foundPins, knownStorage };
    let probe: Probe;
    try {
      probe = await probeTarget(dependencies, target, sweep, signal);
    } finally {
      slot.release();
    }
    const nowMs = clock.monotonic();
    this.#seen.set(formatObjectKey(key), nowMs);
    if (knownStorage === undefined) {
      this.#storage.put(target, probe.storage, bucket, nowMs);
    }
    if (probe.verdicts.storageReachable.reason === 'SourceUnavailable') {
      bucket?.suspect();
    }
    if (probe.complete) {
      this.#sweeps.delete(formatObjectKey(key));
    }
    const missingPauseMs = this.#missingPauseMs(target, probe);
    const ready = await this.#write(target, probe);
    if (ready === undefined) {
      return { requeueAfterMs: outdatedInterval };
    }
    metrics.targetReady.set(labels, ready ? 1 : 0);
    if (probe.apps !== undefined) {
      metrics.targetApps.set(labels, probe.apps.length);
    }
    const intervalMs = target.spec.validationIntervalSeconds * 1000;
    if (ready && probe.complete) {
      return { requeueAfterMs: intervalMs };
    }
    return { requeueAfterMs: Math.min(intervalMs, missingPauseMs ?? unusableInterval) };
  }

  /**
   * Milliseconds until something that is missing is looked for again; undefined when nothing is. When all has
   * come, the watch of the target does not wait for its next try either.
   */
  #missingPauseMs({ metadata, status }: RecoveryTarget, { verdicts }: Probe): number | undefined {
    const { clock, watches } = this.#options;
    const key = formatObjectKey(metadata);
    const nowMs = clock.monotonic();
    const { redisReachable, storageReachable, trustRootLoaded } = verdicts;
    if (lacksReference([redisReachable, storageReachable, trustRootLoaded])) {
      const sinceMs = this.#missingSince.get(key) ?? nowMs;
      this.#missingSince.set(key, sinceMs);
      return missingReferencePauseMs(nowMs - sinceMs);
    }
    if (this.#missingSince.delete(key) || lacksReference(status.conditions)) {
      watches.renew(metadata);
    }
    return undefined;
  }

  /**
   * It is probed when its turn has come; until then it says what is known, and not longer than that is
   * known.
   */
  async #await(target: RecoveryTarget, message: string): Promise<ReconcileResult> {
    const { clock, metrics } = this.#options;
    const now = clock.now();
    const seenForMs = this.#seenForMs(target, now);
    const status = unknownStatus(target, message, seenForMs, now);
    if (status === undefined) {
      const leftMs = believedMs(target) - seenForMs;
      return leftMs > 0 ? { requeueAfterMs: leftMs } : {};
    }
    const { namespace = 'default', name } = target.metadata;
    metrics.targetReady.set({ namespace, target: name }, 0);
    const written = await this.#status.write(target, () => status);
    return written === undefined ? { requeueAfterMs: outdatedInterval } : {};
  }

  /** Milliseconds since the target was seen; one that an earlier process has just seen counts from now. */
  #seenForMs(target: RecoveryTarget, now: Date): number {
    const key = formatObjectKey(target.metadata);
    const nowMs = this.#options.clock.monotonic();
    const seenMs = this.#seen.get(key) ?? (mayBeBelieved(target, now) ? nowMs : undefined);
    if (seenMs === undefined) {
      return Number.POSITIVE_INFINITY;
    }
    this.#seen.set(key, seenMs);
    return nowMs - seenMs;
  }

  /** The sweep that an earlier probe of the same spec left unfinished, or a new one. */
  #sweepOf(key: ObjectKey, { metadata }: RecoveryTarget): DiscoverySweep {
    const of = revisionOf(metadata);
    const left = this.#sweeps.get(formatObjectKey(key));
    if (left !== undefined && left.of === of) {
      return left.sweep;
    }
    const sweep = new DiscoverySweep();
    this.#sweeps.set(formatObjectKey(key), { of, sweep });
    return sweep;
  }

  /**
   * Whether the target is ready; undefined when it has changed since it was read: what was found out is about
   * another one.
   */
  async #write(target: RecoveryTarget, probe: Probe | 'suspended'): Promise<boolean | undefined> {
    const { watches, clock } = this.#options;
    const watched = {
      lossDetection: lossDetectionVerdict(watches.availability(target.metadata)),
      onlineKeys: onlineKeys(watches.get(target.metadata)?.keys.shared()),
    };
    const now = clock.now();
    const status = targetStatus(target, probe, watched, now);
    const written = isTargetStatusWorthWriting(target.status, status, now)
      ? await this.#status.write(target, () => status)
      : target;
    return written && findCondition(status.conditions, 'Ready')?.status === 'True';
  }
}

/** Our own writes of the status are no reason to look again: only new objects and new specs are. */
export function targetSpecChanged(event: StoreEvent<RecoveryTarget>): boolean {
  return event.type !== 'updated' || !isDeepStrictEqual(event.object.spec, event.previous.spec);
}
