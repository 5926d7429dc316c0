// Watches BootstrapRecoveries, and RecoveryTargets because runs wait for them.
// Writes one thing: the status of a BootstrapRecovery (with its report and events beside it).
// What a run changes in Redis is written by src/recovery, under a lock that a finalizer guards.
// Gathers facts, decides (bootstraprecovery/decide.ts, pure), acts (actions.ts, attempt.ts), reports.
import type { BootstrapRecovery } from '../api/bootstraprecovery.generated.ts';
import type { RecoveryTarget } from '../api/recoverytarget.generated.ts';
import { suffixOf } from '../faynosync/app.ts';
import type { StatusOwner } from '../kube/applystatus.ts';
import type { EventRecorder } from '../kube/eventrecorder.ts';
import type { ObjectKey } from '../kube/objectkey.ts';
import type { ReconcileContext, Reconciler, Result } from '../kube/reconcile.ts';
import type { Store } from '../kube/store.ts';
import { holdsFinalizer, RunActions } from './bootstraprecovery/actions.ts';
import type { AttemptTools } from './bootstraprecovery/attempt.ts';
import { type Decision, decide } from './bootstraprecovery/decide.ts';
import { gatherFacts, type LiveFacts } from './bootstraprecovery/facts.ts';
import { Interrupts } from './bootstraprecovery/interrupts.ts';
import type { RunSlots } from './bootstraprecovery/slots.ts';
import { StatusWriter } from './bootstraprecovery/statuswriter.ts';

/** What a {@link BootstrapRecoveryReconciler} is made of. */
export interface BootstrapRecoveryReconcilerOptions extends Omit<AttemptTools, 'logger' | 'writer'> {
  readonly runs: Store<BootstrapRecovery>;
  readonly targets: Store<RecoveryTarget>;
  readonly slots: RunSlots;
  readonly owner: StatusOwner;
  readonly recorder: EventRecorder;
  /** Throws when this process may no longer act as the leader. */
  readonly assertLeading: () => void;
}

/** Brings BootstrapRecoveries to their end. */
export class BootstrapRecoveryReconciler implements Reconciler {
  readonly #options: BootstrapRecoveryReconcilerOptions;
  readonly #interrupts = new Interrupts();

  constructor(options: BootstrapRecoveryReconcilerOptions) {
    this.#options = options;
    options.runs.subscribe(this.#interrupts.listener);
  }

  async reconcile(key: ObjectKey, context: ReconcileContext): Promise<Result> {
    const { client, runs, clock, slots } = this.#options;
    const cached = runs.get(key);
    const idle = cached === undefined ? {} : this.#idle(cached);
    let wantsPlace = false;
    try {
      if (cached === undefined || idle !== undefined) return idle ?? {};
      // Before the object is read: what changes after the read reaches the run as an interrupt.
      using interrupt = this.#interrupts.register(cached.metadata.uid);
      const facts = await gatherFacts(client, cached, clock, context.signal);
      if (facts === undefined) return {};
      const decision = decide(facts);
      wantsPlace = decision.kind === 'attempt';
      return await this.#act(key, facts, decision, interrupt.signal, context);
    } finally {
      // A place kept for a run that does not come for it would be lost to all others.
      if (!wantsPlace) slots.forget(key);
    }
  }

  /**
   * What the cache alone can answer: the end is final and a later look is only a matter of time. A stale cache does no harm here,
   * because what it does not show yet wakes the run again.
   */
  #idle(run: BootstrapRecovery): Result | undefined {
    const { targets, clock } = this.#options;
    const { metadata, spec, status } = run;
    const target = targets.get({ namespace: metadata.namespace, name: spec.targetRef.name });
    const decision = decide({ run, target, now: clock.now() });
    if (decision.kind === 'sleep') return { requeueAfterMs: decision.wakeAfterMs };
    const settled = status.observedGeneration === metadata.generation && !holdsFinalizer(run);
    return decision.kind === 'finished' && settled ? wake(decision.wakeAfterMs) : undefined;
  }

  async #act(
    key: ObjectKey,
    facts: LiveFacts,
    decision: Decision,
    interrupted: AbortSignal,
    { signal, logger }: ReconcileContext,
  ): Promise<Result> {
    const tools = {
      ...this.#options,
      logger: logger.child({ taskID: facts.run.metadata.uid }),
      writer: (run: BootstrapRecovery) => new StatusWriter({ ...this.#options, run }),
    };
    const actions = new RunActions(tools, facts);
    switch (decision.kind) {
      case 'release':
        return actions.release(signal);
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
        await actions.end(decision.verdict, signal);
        return {};
      case 'attempt':
        return this.#attempt(key, facts, decision, actions, { stopping: signal, interrupted });
    }
  }

  /** Long work only in a place of its own: so many runs at once, and one for each app. */
  async #attempt(
    key: ObjectKey,
    { run, target }: LiveFacts,
    { attempt, deadline }: Extract<Decision, { kind: 'attempt' }>,
    actions: RunActions,
    signals: { readonly stopping: AbortSignal; readonly interrupted: AbortSignal },
  ): Promise<Result> {
    // Without a target the decision was to wait for it.
    if (target === undefined) return {};
    const app = `${key.namespace}/${target.metadata.name}/${suffixOf(run.spec)}`;
    const place = this.#options.slots.acquire(key, app);
    if ('refusedBecause' in place) {
      await actions.wait({ reason: 'Pending', message: place.refusedBecause });
      return {};
    }
    try {
      return await actions.attempt({ target, attempt, deadline, ...signals });
    } finally {
      place.release();
    }
  }
}

function wake(afterMs: number | undefined): Result {
  return afterMs === undefined ? {} : { requeueAfterMs: afterMs };
}
