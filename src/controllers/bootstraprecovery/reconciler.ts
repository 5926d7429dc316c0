// Watches BootstrapRecoveries, and RecoveryTargets because runs wait for them.
// Writes one thing: the status of a BootstrapRecovery (with its report and events beside it).
// What a run changes in Redis is written by src/recovery, under a lock that a finalizer guards.
// Gathers facts, decides (bootstraprecovery/decide.ts, pure), acts (actions.ts, attempt.ts), reports.
import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { lockFinalizer } from '../../api/resources.ts';
import { suffixOf } from '../../faynosync/app.ts';
import type { Store } from '../../kube/cache/store.ts';
import type { StatusApplier } from '../../kube/client/apply-status.ts';
import { hasFinalizer } from '../../kube/client/finalizers.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import type { ReconcileContext, ReconcileResult, Reconciler } from '../../kube/controller/reconcile.ts';
import { smallestRunBytes } from '../slots/memory.ts';
import type { ReconcilerSlots, SlotRefusal } from '../slots/reconciler-slots.ts';
import type { Slot, SlotRequest } from '../slots/slot-pool.ts';
import { RunActions, type RunActionsDependencies } from './actions.ts';
import type { AttemptDependencies } from './attempt.ts';
import { CancellationRegistry } from './cancellation-registry.ts';
import { decideRun, type RunDecision } from './decide.ts';
import { withQueueMessage } from './draft.ts';
import { gatherFacts } from './facts.ts';
import { FinishedRuns } from './finished-runs.ts';
import { RunStatus } from './run-status.ts';

/** Options of {@link BootstrapRecoveryReconciler}. */
export interface BootstrapRecoveryReconcilerOptions
  extends Omit<AttemptDependencies, 'logger' | 'runStatus'> {
  readonly runs: Store<BootstrapRecovery>;
  readonly targets: Store<RecoveryTarget>;
  readonly slots: ReconcilerSlots;
  readonly owner: StatusApplier;
  /** Throws when this process may no longer act as the leader. */
  readonly assertLeading: () => void;
}

/** Brings BootstrapRecoveries to their end. */
export class BootstrapRecoveryReconciler implements Reconciler {
  readonly #options: BootstrapRecoveryReconcilerOptions;
  readonly #cancellations = new CancellationRegistry();
  readonly #finishedRuns = new FinishedRuns();

  constructor(options: BootstrapRecoveryReconcilerOptions) {
    this.#options = options;
    options.runs.subscribe(this.#cancellations.listener);
    options.runs.subscribe(this.#finishedRuns.listener);
  }

  async reconcile(key: ObjectKey, context: ReconcileContext): Promise<ReconcileResult> {
    const { runs, slots } = this.#options;
    const cached = runs.get(key);
    const presumed = cached && this.#presume(cached);
    // A slot kept for a run that does not come for it would be lost to all others.
    if (presumed?.kind !== 'attempt') {
      slots.forget(key);
    }
    if (cached === undefined || presumed === undefined) {
      return {};
    }
    const idle = idleResult(cached, presumed);
    if (idle !== undefined) {
      return idle;
    }
    const slot = presumed.kind === 'attempt' ? slots.take(key, workOf(cached)) : undefined;
    if (slot !== undefined && 'refusedBecause' in slot) {
      await this.#queue(cached, slot, context);
      return {};
    }
    try {
      return await this.#look(cached, slot, context);
    } finally {
      slot?.release();
    }
  }

  /**
   * What the cache alone suggests; undefined when it is known to be behind. Enough to do nothing and to wait
   * in line: a stale cache does no harm there, because what it does not show yet wakes the run again.
   */
  #presume(run: BootstrapRecovery): RunDecision | undefined {
    const { targets, clock, installation } = this.#options;
    if (this.#finishedRuns.isAwaitedFor(run)) {
      return undefined;
    }
    const { namespace } = run.metadata;
    const target = targets.get({ namespace, name: run.spec.targetRef.name });
    return decideRun({ run, target, now: clock.now(), installation });
  }

  /**
   * Says once that the run waits for its turn. Nothing is read for it: a thousand runs may wait for four
   * slots.
   */
  async #queue(
    run: BootstrapRecovery,
    { refusedBecause }: SlotRefusal,
    { logger }: ReconcileContext,
  ): Promise<void> {
    const draft = withQueueMessage(run, refusedBecause, this.#options.clock.now());
    if (draft !== undefined) {
      await this.#dependencies(run, logger).runStatus(run).writeIfUnchanged(draft);
    }
  }

  #dependencies({ metadata }: BootstrapRecovery, logger: Logger): RunActionsDependencies {
    return {
      ...this.#options,
      finishedRuns: this.#finishedRuns,
      logger: logger.child({ taskID: metadata.uid }),
      runStatus: (run) => new RunStatus(this.#options, run),
    };
  }

  /**
   * Decides by the objects as they are now, and acts. Long work only with a slot: so many runs at once, and
   * one for each app.
   */
  async #look(
    cached: BootstrapRecovery,
    slot: Slot | undefined,
    context: ReconcileContext,
  ): Promise<ReconcileResult> {
    const { client } = this.#options;
    // Before the object is read: what changes after the read cancels the run.
    using cancellation = this.#cancellations.register(cached.metadata.uid);
    const facts = await gatherFacts(client, cached, this.#options, context.signal);
    if (facts === undefined) {
      return {};
    }
    const decision = decideRun(facts);
    const actions = new RunActions(this.#dependencies(facts.run, context.logger), facts);
    switch (decision.kind) {
      case 'release':
        return actions.release(context.signal);
      case 'expire':
        await actions.expire();
        return {};
      case 'finished':
        await actions.follow();
        return wake(decision.wakeAfterMs);
      case 'sleep':
        return wake(decision.wakeAfterMs);
      case 'wait':
        await actions.wait(decision.verdict);
        return {};
      case 'end':
        await actions.end(decision.verdict, context.signal);
        return {};
      case 'attempt': {
        // Without a slot the cache said otherwise, so a change is on its way that wakes the run; without a
        // target it would wait.
        if (slot === undefined || facts.target === undefined) {
          return {};
        }
        const { attempt, deadline } = decision;
        const signals = { stopping: context.signal, cancelled: cancellation.signal };
        // Awaited here: the cancellation must reach the run until it has ended.
        return await actions.attempt({ target: facts.target, slot: slot, attempt, deadline, ...signals });
      }
    }
  }
}

/** What the cache alone can answer: when to reconcile again, if there is nothing to do now. */
function idleResult(
  { metadata, status }: BootstrapRecovery,
  presumed: RunDecision,
): ReconcileResult | undefined {
  if (presumed.kind === 'sleep') {
    return { requeueAfterMs: presumed.wakeAfterMs };
  }
  const settled =
    status.observedGeneration === metadata.generation && !hasFinalizer({ metadata }, lockFinalizer);
  return presumed.kind === 'finished' && settled ? wake(presumed.wakeAfterMs) : undefined;
}

function wake(afterMs: number | undefined): ReconcileResult {
  return afterMs === undefined ? {} : { requeueAfterMs: afterMs };
}

/** Runs take turns on an app of a target. */
function workOf({ metadata, spec }: BootstrapRecovery): SlotRequest {
  const { namespace = 'default' } = metadata;
  const target = spec.targetRef.name;
  return {
    namespace,
    target,
    kind: 'run',
    exclusive: `${namespace}/${target}/${suffixOf(spec)}`,
    bytes: smallestRunBytes,
  };
}
