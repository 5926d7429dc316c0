// Watches RecoveryPolicies, the runs they own, and RecoveryTargets because policies wait for them.
// Writes one thing: the status of a RecoveryPolicy (with captured settings and events beside it).
// Creates a BootstrapRecovery only for an order that stands in that status, and deletes those beyond its history.
// Gathers facts, decides (recoverypolicy/decide.ts, consequence.ts, pure), looks (round.ts), writes, carries out.
import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { policyEventActions, recoveryCreated } from '../../api/events.ts';
import type { RecoveryPolicy, RecoveryPolicyStatus } from '../../api/recoverypolicy.generated.ts';
import { bootstrapRecoveries, recoveryPolicies } from '../../api/resources.ts';
import type { Store } from '../../kube/cache/store.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../kube/client/api-error.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import type { ReconcileContext, Reconciler, Result } from '../../kube/controller/reconcile.ts';
import type { PolicyLabels, RecoveryMetrics } from '../../observability/metrics.ts';
import { StatusWriter, type StatusWriterTools } from '../status/status-writer.ts';
import { entriesOf } from './apps.ts';
import { recoveryOf } from './child.ts';
import { mayRecover } from './consequence.ts';
import { decide } from './decide.ts';
import type { AppEntry } from './entry.ts';
import { gatherPolicyFacts, type LivePolicyFacts } from './facts.ts';
import { surplus } from './history.ts';
import { countApps, forgetApps } from './metrics.ts';
import { followed, openRecovery } from './pending-recoveries.ts';
import { inARow, policyStatus } from './status.ts';
import type { LookTools } from './verify-app.ts';
import { lookAround } from './verify-due-apps.ts';

/** What a {@link RecoveryPolicyReconciler} is made of. */
export interface RecoveryPolicyReconcilerOptions extends LookTools, StatusWriterTools {
  readonly runs: Store<BootstrapRecovery>;
  readonly metrics: RecoveryMetrics;
}

/** Milliseconds until a policy is looked at again that changed while it was at work. */
const soon = 100;

/** Keeps looking at what RecoveryPolicies name, and has losses repaired where they ask for it. */
export class RecoveryPolicyReconciler implements Reconciler {
  readonly #options: RecoveryPolicyReconcilerOptions;

  readonly #status: StatusWriter<RecoveryPolicy>;

  constructor(options: RecoveryPolicyReconcilerOptions) {
    this.#options = options;
    this.#status = new StatusWriter(options, {
      resource: recoveryPolicies,
      eventActions: policyEventActions,
    });
  }

  async reconcile(key: ObjectKey, { signal, logger }: ReconcileContext): Promise<Result> {
    const { client, runs, clock, metrics } = this.#options;
    const labels = { namespace: key.namespace ?? 'default', policy: key.name };
    const facts = await gatherPolicyFacts(client, runs, key, clock, signal);
    if (facts === undefined || facts.policy.spec.suspend) {
      forgetApps(metrics, labels);
    }
    if (facts === undefined) {
      return {};
    }

    const before = standing(facts);
    const decision = decide(facts, before);
    const after =
      decision.kind === 'rest'
        ? before
        : await lookAround({ ...this.#options, logger }, facts, before, decision.due, labels, signal);
    const status = policyStatus({ ...facts, now: clock.now() }, decision, after);
    const written = await this.#write(facts.policy, status);
    if (written === undefined) {
      return { requeueAfterMs: soon };
    }
    if (!facts.policy.spec.suspend) {
      countApps(metrics, labels, status);
    }

    await this.#carryOut(written, facts, labels, logger);
    await this.#tidy(facts, logger);
    if (status.nextVerificationTime === undefined) {
      return {};
    }
    const leftMs = Date.parse(status.nextVerificationTime) - clock.now().getTime();
    return { requeueAfterMs: Math.max(1, leftMs) };
  }

  /**
   * Undefined when the policy has changed since it was read, because of a person or of another leader: what was decided from
   * the old one counts for nothing, and nothing of it is carried out.
   */
  #write(policy: RecoveryPolicy, status: RecoveryPolicyStatus): Promise<RecoveryPolicy | undefined> {
    return this.#status.write(policy, () => status);
  }

  /**
   * Creates the runs that the status just written orders. Whoever was here before may have created them and died: a run of that
   * name is that run.
   */
  async #carryOut(
    policy: RecoveryPolicy,
    facts: LivePolicyFacts,
    labels: PolicyLabels,
    logger: Logger,
  ): Promise<void> {
    const { client, recorder, metrics, assertLeading } = this.#options;
    for (const entry of policy.status.apps ?? []) {
      const order = openRecovery(entry);
      if (order?.state !== 'Ordered' || !mayRecover(facts)) {
        continue;
      }
      assertLeading();
      try {
        const run = recoveryOf(policy, entry, order.name);
        const related = await client.create<BootstrapRecovery, typeof run>(bootstrapRecoveries, run);
        metrics.policyRecoveries.inc({ ...labels });
        logger.info({ run: order.name }, 'recovery created');
        const note = `Created BootstrapRecovery ${order.name} for ${entry.adminName}/${entry.appName}, found with a loss ${inARow(entry.consecutiveLosses)}.`;
        recorder.event(policy, { ...recoveryCreated, note, related });
      } catch (error) {
        if (!isAlreadyExists(error)) {
          throw error;
        }
      }
    }
  }

  /** Deletes what is beyond the history. */
  async #tidy({ policy, runs }: LivePolicyFacts, logger: Logger): Promise<void> {
    for (const { metadata } of surplus(runs, policy.spec)) {
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
}

/** What is remembered, with the recoveries as they stand now. */
function standing(facts: LivePolicyFacts): readonly AppEntry[] {
  const { policy, target, children } = facts;
  return entriesOf(policy, target).map((entry) => {
    const { settingsRef, ...rest } = followed(entry, children, mayRecover(facts));
    return settingsRef === undefined || !policy.spec.captureSettings ? rest : { ...rest, settingsRef };
  });
}
