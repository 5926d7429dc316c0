// Watches RecoveryPolicies, the BootstrapStates and RecoveryTargets they are about, and the runs they own.
// Writes two things: the status of a RecoveryPolicy (with its events), and BootstrapStates for apps that have
// none. Deletes runs beyond the history. What is known of an app, and what follows a loss, is decided in
// bootstrapstate/.
import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState, BootstrapStateManifest } from '../../api/bootstrapstate.generated.ts';
import { policyEventActions } from '../../api/events.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { apiVersion, bootstrapRecoveries, bootstrapStates, recoveryPolicies } from '../../api/resources.ts';
import type { Store } from '../../kube/cache/store.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../kube/client/api-error.ts';
import { formatObjectKey, type ObjectKey } from '../../kube/client/object-key.ts';
import type { ReconcileContext, ReconcileResult, Reconciler } from '../../kube/controller/reconcile.ts';
import type { RecoveryMetrics } from '../../observability/metrics.ts';
import type { App } from '../../recovery/request.ts';
import { targetIndex } from '../app-history/app-history.ts';
import { guardOf } from '../bootstrapstate/guard.ts';
import { stateName } from '../bootstrapstate/names.ts';
import type { TargetWatches } from '../loss-detection/target-watches.ts';
import { StatusWriter, type StatusWriterDependencies } from '../status/status-writer.ts';
import { coveredStates, missingApps } from './apps.ts';
import { policyObstacle } from './decide.ts';
import { ownerIndex, surplusRuns } from './history.ts';
import { countApps, forgetApps } from './metrics.ts';
import { policyStatus } from './status.ts';

/** Options of {@link RecoveryPolicyReconciler}. */
export interface RecoveryPolicyReconcilerOptions extends StatusWriterDependencies {
  readonly policies: Store<RecoveryPolicy>;
  readonly targets: Store<RecoveryTarget>;
  readonly states: Store<BootstrapState>;
  readonly runs: Store<BootstrapRecovery>;
  readonly watches: TargetWatches;
  readonly metrics: RecoveryMetrics;
}

/** Milliseconds until a policy that changed during its reconcile is reconciled again. */
const soonMs = 100;
/** A thousand apps that change at once are one news of their policy. */
const betweenSumsMs = 1_000;
/** BootstrapStates created in one go; the next ones follow at once, so that others get their turn. */
const createdAtOnce = 200;

/** Has every app of a policy its BootstrapState, and sums them up in the status of the policy. */
export class RecoveryPolicyReconciler implements Reconciler {
  readonly #options: RecoveryPolicyReconcilerOptions;
  /** When the apps of a policy were summed up last, monotonic, and for which generation. */
  readonly #summed = new Map<string, { readonly atMs: number; readonly generation: number | undefined }>();
  /** Policies that have more apps to create objects for. */
  readonly #creating = new Set<string>();

  readonly #status: StatusWriter<RecoveryPolicy>;

  constructor(options: RecoveryPolicyReconcilerOptions) {
    this.#options = options;
    this.#status = new StatusWriter(options, {
      resource: recoveryPolicies,
      eventActions: policyEventActions,
    });
  }

  async reconcile(key: ObjectKey, { logger }: ReconcileContext): Promise<ReconcileResult> {
    const { policies, targets, states, watches, clock, metrics } = this.#options;
    const labels = { namespace: key.namespace ?? 'default', policy: key.name };
    const id = formatObjectKey(key);
    const policy = policies.get(key);
    if (policy === undefined || policy.metadata.deletionTimestamp !== undefined || policy.spec.suspend) {
      forgetApps(metrics, labels);
    }
    if (policy === undefined || policy.metadata.deletionTimestamp !== undefined) {
      this.#summed.delete(id);
      this.#creating.delete(id);
      this.#releaseUnused(key.namespace);
      return {};
    }
    const { namespace } = policy.metadata;
    // What has changed since it was summed up waits for the next time, whether that led to a write or not: a
    // thousand apps wake their policy thousands of times, most of them with a verification that changes
    // nothing here. Each sum of a thousand apps takes milliseconds of CPU.
    const waitMs = this.#waitMs(policy);
    if (waitMs > 0 && !this.#creating.has(id)) {
      return { requeueAfterMs: waitMs };
    }
    const targetKey = { namespace, name: policy.spec.targetRef.name };
    const cached = targets.get(targetKey);
    const target = cached?.metadata.deletionTimestamp === undefined ? cached : undefined;
    const isActive = !policy.spec.suspend && target !== undefined && !target.spec.suspend;
    const watch = isActive ? watches.ensure(target) : undefined;
    if (!isActive) {
      this.#releaseUnused(namespace);
    }

    const ofTarget = states.byIndex(targetIndex, `${namespace}/${targetKey.name}`);
    const missing = isActive ? missingApps(policy, watch?.bucket.found, ofTarget) : [];
    await this.#create(policy, missing.slice(0, createdAtOnce), logger);
    const isMore = missing.length > createdAtOnce;
    if (isMore) {
      this.#creating.add(id);
    } else {
      this.#creating.delete(id);
    }
    if (waitMs > 0) {
      return { requeueAfterMs: isMore ? 1 : waitMs };
    }

    const covered = coveredStates(policy, ofTarget);
    const ofTargetPolicies = policies.byIndex(targetIndex, `${namespace}/${targetKey.name}`);
    const facts = {
      policy,
      target,
      apps: covered.length + missing.length,
      isListed: watch?.bucket.found !== undefined,
    };
    const status = policyStatus({
      policy,
      target,
      states: covered,
      missing: missing.length,
      obstacle: policyObstacle(facts),
      // Asked of a thousand apps only when there is something to say.
      isHandled:
        policy.spec.trigger === policy.status.lastHandledTrigger ||
        (missing.length === 0 &&
          covered.every(
            (state) => state.status.policyRevision === guardOf(ofTargetPolicies, state)?.revision,
          )),
      isMigrated: (policy.status.apps ?? []).every(
        (app) =>
          (states.get({ namespace, name: stateName(targetKey.name, app) })?.status.observedGeneration ??
            -1) >= 0,
      ),
      now: clock.now(),
    });
    if ((await this.#status.write(policy, () => status)) === undefined) {
      return { requeueAfterMs: soonMs };
    }
    this.#summed.set(id, { atMs: clock.monotonic(), generation: policy.metadata.generation });
    if (!policy.spec.suspend) {
      countApps(metrics, labels, { spec: policy.spec, status }, covered);
    }
    await this.#tidy(policy, ofTarget, logger);
    return isMore ? { requeueAfterMs: 1 } : {};
  }

  /** Creates what is missing. One that is there already is the same: its name says which app it is about. */
  async #create(policy: RecoveryPolicy, apps: readonly App[], logger: Logger): Promise<void> {
    const { client, assertLeading } = this.#options;
    const { namespace } = policy.metadata;
    for (const { adminName, appName } of apps) {
      assertLeading();
      const { targetRef } = policy.spec;
      const name = stateName(targetRef.name, { adminName, appName });
      try {
        await client.create<BootstrapState, BootstrapStateManifest>(
          bootstrapStates,
          manifest(namespace, name, { targetRef, adminName, appName }),
        );
        logger.info({ adminName, appName, state: name }, 'app is guarded from now on');
      } catch (error) {
        if (!isAlreadyExists(error)) {
          throw error;
        }
      }
    }
  }

  /** Milliseconds until the apps may be summed up again; a changed policy is answered at once. */
  #waitMs({ metadata }: RecoveryPolicy): number {
    const summed = this.#summed.get(formatObjectKey(metadata));
    if (summed === undefined || summed.generation !== metadata.generation) {
      return 0;
    }
    return Math.max(0, summed.atMs + betweenSumsMs - this.#options.clock.monotonic());
  }

  /** Deletes what is beyond the history. */
  async #tidy(
    { metadata: { uid: owner }, spec }: RecoveryPolicy,
    apps: readonly BootstrapState[],
    logger: Logger,
  ): Promise<void> {
    const runs = this.#options.runs.byIndex(ownerIndex, owner);
    for (const { metadata } of surplusRuns(runs, spec, apps, this.#options.clock.now())) {
      const { namespace, name, uid } = metadata;
      try {
        await this.#options.client.delete(bootstrapRecoveries, { namespace, name }, { uid });
        logger.debug({ run: name }, 'run beyond the history deleted');
      } catch (error) {
        // Gone already, or a namesake took its place.
        if (!isNotFound(error) && !isConflict(error)) {
          throw error;
        }
      }
    }
  }

  /** Closes the watches of targets that no policy guards any more. */
  #releaseUnused(namespace: string | undefined): void {
    const { policies, targets, watches } = this.#options;
    for (const target of targets.list()) {
      const { metadata } = target;
      if (metadata.namespace !== namespace || watches.get(metadata) === undefined) {
        continue;
      }
      const guarding = policies
        .byIndex(targetIndex, `${namespace}/${metadata.name}`)
        .some((policy) => !policy.spec.suspend && policy.metadata.deletionTimestamp === undefined);
      if (!guarding || target.spec.suspend) {
        watches.release(metadata);
      }
    }
  }
}

function manifest(
  namespace: string | undefined,
  name: string,
  spec: BootstrapState['spec'],
): BootstrapStateManifest {
  return {
    apiVersion,
    kind: 'BootstrapState',
    metadata: { name, ...(namespace !== undefined && { namespace }) },
    spec,
  };
}
