// Watches BootstrapRecoveries, and RecoveryTargets because runs wait for them.
// Writes one thing: the status of a BootstrapRecovery (with its report and events beside it).
// What a run changes in Redis is written by src/recovery, under a lock that the finalizer here guards.
// Gathers facts, decides (bootstraprecovery/decide.ts, pure), acts, reports.
import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../api/bootstraprecovery.generated.ts';
import { isTerminal, type Verdict } from '../api/conditions.ts';
import type { SucceededReason } from '../api/reasons.ts';
import type { RecoveryTarget } from '../api/recoverytarget.generated.ts';
import { bootstrapRecoveries, lockFinalizer, recoveryTargets } from '../api/resources.ts';
import { TerminalError } from '../errors.ts';
import { suffixOf } from '../faynosync/app.ts';
import type { ApiClient } from '../kube/apiclient.ts';
import { isConflict, isNotFound } from '../kube/apierror.ts';
import type { StatusOwner } from '../kube/applystatus.ts';
import type { Clock } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/eventrecorder.ts';
import { removeFinalizer } from '../kube/finalizers.ts';
import type { KubernetesObject } from '../kube/object.ts';
import type { ObjectKey } from '../kube/objectkey.ts';
import type { ReconcileContext, Reconciler, Result } from '../kube/reconcile.ts';
import type { Resource } from '../kube/resource.ts';
import type { Store } from '../kube/store.ts';
import type { RecoveryMetrics } from '../observability/metrics.ts';
import { countEnd } from './bootstraprecovery/accounts.ts';
import { makeAttempt } from './bootstraprecovery/attempt.ts';
import { type Decision, decide, type RunFacts } from './bootstraprecovery/decide.ts';
import { concludedWithout, type Draft, draftOf } from './bootstraprecovery/draft.ts';
import { giveBackLock } from './bootstraprecovery/giveback.ts';
import { Interrupts } from './bootstraprecovery/interrupts.ts';
import type { RunSlots } from './bootstraprecovery/slots.ts';
import { StatusWriter } from './bootstraprecovery/statuswriter.ts';
import type { BucketPool } from './target/bucketpool.ts';
import { ForbiddenError } from './target/forbidden.ts';

/** What a {@link BootstrapRecoveryReconciler} is made of. */
export interface BootstrapRecoveryReconcilerOptions {
  readonly client: ApiClient;
  readonly runs: Store<BootstrapRecovery>;
  readonly targets: Store<RecoveryTarget>;
  readonly slots: RunSlots;
  readonly buckets: BucketPool;
  readonly owner: StatusOwner;
  readonly recorder: EventRecorder;
  readonly metrics: RecoveryMetrics;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Facts from the API server itself, whole objects. */
interface LiveFacts extends RunFacts {
  readonly run: BootstrapRecovery;
  readonly target: RecoveryTarget | undefined;
}

/** Milliseconds until something nobody tells us about, such as a granted permission, is looked at again. */
const lookAgain = 30_000;
/** Milliseconds between two tries to give back a lock. */
const giveBackInterval = 5_000;
/** Milliseconds after which a lock has ended by itself: its longest life, the time-out of 300 s and a margin of 30 s. */
const lockLifetime = 330_000;

/** Brings BootstrapRecoveries to their end. */
export class BootstrapRecoveryReconciler implements Reconciler {
  readonly #options: BootstrapRecoveryReconcilerOptions;
  readonly #interrupts = new Interrupts();

  constructor(options: BootstrapRecoveryReconcilerOptions) {
    this.#options = options;
    options.runs.subscribe(this.#interrupts.listener);
  }

  async reconcile(key: ObjectKey, context: ReconcileContext): Promise<Result> {
    const { runs, slots } = this.#options;
    const cached = runs.get(key);
    const idle = cached === undefined ? {} : this.#idle(cached);
    let wantsPlace = false;
    try {
      if (cached === undefined || idle !== undefined) return idle ?? {};
      // Before the object is read: what changes after the read reaches the run as an interrupt.
      using interrupt = this.#interrupts.register(cached.metadata.uid);
      const facts = await this.#gather(cached, context.signal);
      if (facts === undefined) return {};
      const logger = context.logger.child({ taskID: facts.run.metadata.uid });
      const decision = decide(facts);
      if (decision.kind !== 'attempt') return await this.#settle(facts, decision, { ...context, logger });
      wantsPlace = true;
      return await this.#attempt(key, facts, decision, interrupt.signal, { ...context, logger });
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
    const { metadata, spec, status } = run;
    const decision = decide({ run, target: this.#cachedTarget(run), now: this.#options.clock.now() });
    switch (decision.kind) {
      case 'sleep':
        return { requeueAfterMs: decision.wakeAfterMs };
      case 'finished':
        if (status.observedGeneration !== metadata.generation || holdsFinalizer(run)) return undefined;
        return spec.ttlSecondsAfterFinished === undefined
          ? {}
          : { requeueAfterMs: decision.wakeAfterMs ?? 0 };
      default:
        return undefined;
    }
  }

  #cachedTarget({ metadata, spec }: BootstrapRecovery): RecoveryTarget | undefined {
    return this.#options.targets.get({ namespace: metadata.namespace, name: spec.targetRef.name });
  }

  /** The present, from the API server: a cache is never enough to justify a side effect. */
  async #gather({ metadata, spec }: BootstrapRecovery, signal: AbortSignal): Promise<LiveFacts | undefined> {
    const { namespace, name, uid } = metadata;
    const run = await this.#get<BootstrapRecovery>(bootstrapRecoveries, { namespace, name }, signal);
    // A namesake created in between comes with its own event.
    if (run === undefined || run.metadata.uid !== uid) return undefined;
    const target = await this.#get<RecoveryTarget>(
      recoveryTargets,
      { namespace, name: spec.targetRef.name },
      signal,
    );
    const usable = target?.metadata.deletionTimestamp === undefined ? target : undefined;
    return { run, target: usable, now: this.#options.clock.now() };
  }

  /** Everything but an attempt. */
  async #settle(
    { run, target, now }: LiveFacts,
    decision: Exclude<Decision, { kind: 'attempt' }>,
    { logger, signal }: ReconcileContext,
  ): Promise<Result> {
    switch (decision.kind) {
      case 'release':
        return this.#release(run, target, logger, signal);
      case 'expire':
        await this.#expire(run);
        return {};
      case 'finished':
        await this.#letGo(await this.#write(run, draftOf(run)));
        return decision.wakeAfterMs === undefined ? {} : { requeueAfterMs: decision.wakeAfterMs };
      case 'sleep':
        return { requeueAfterMs: decision.wakeAfterMs };
      case 'wait':
        await this.#write(run, concludedWithout(draftOf(run), decision.verdict, now));
        return {};
      case 'end':
        if (holdsFinalizer(run)) await giveBackLock(this.#options.client, run, target, logger, signal);
        await this.#end(run, decision.verdict, logger);
        return {};
    }
  }

  async #attempt(
    key: ObjectKey,
    { run, target, now }: LiveFacts,
    { attempt, deadline }: Extract<Decision, { kind: 'attempt' }>,
    interrupted: AbortSignal,
    { signal, logger }: ReconcileContext,
  ): Promise<Result> {
    const { slots, clock } = this.#options;
    const place = slots.acquire(
      key,
      `${run.metadata.namespace}/${run.spec.targetRef.name}/${suffixOf(run.spec)}`,
    );
    if ('refusedBecause' in place) {
      const pending = { reason: 'Pending', message: place.refusedBecause } as const;
      await this.#write(run, concludedWithout(draftOf(run), pending, now));
      return {};
    }
    try {
      // Without a target the decision is to wait for it.
      if (target === undefined) return {};
      const tools = {
        ...this.#options,
        logger,
        writer: (current: BootstrapRecovery) => this.#writer(current),
      };
      const order = { run, target, attempt, deadline, stopping: signal, interrupted };
      const end = await makeAttempt(tools, order);
      if (isTerminal(end.run.status.conditions ?? [])) {
        countEnd(this.#options.metrics, end.run);
        await this.#letGo(end.run);
      }
      if (end.nextAttemptTime === undefined) return {};
      return { requeueAfterMs: Math.max(1, end.nextAttemptTime.getTime() - clock.now().getTime()) };
    } catch (error) {
      return this.#notBegun(run, error, logger);
    } finally {
      place.release();
    }
  }

  /** An attempt that could not begin because of what the target refers to. */
  async #notBegun(run: BootstrapRecovery, error: unknown, logger: Logger): Promise<Result> {
    if (error instanceof ForbiddenError) {
      const waiting = { reason: 'WaitingForTarget', message: error.message } as const;
      await this.#write(run, concludedWithout(draftOf(run), waiting, this.#options.clock.now()));
      return { requeueAfterMs: lookAgain };
    }
    if (!(error instanceof TerminalError)) throw error;
    await this.#end(run, { reason: 'InvalidReference', message: error.message }, logger);
    return {};
  }

  async #end(run: BootstrapRecovery, verdict: Verdict<SucceededReason>, logger: Logger): Promise<void> {
    const ended = await this.#write(run, concludedWithout(draftOf(run), verdict, this.#options.clock.now()));
    logger.info({ reason: verdict.reason }, `run ended without another attempt: ${verdict.message}`);
    countEnd(this.#options.metrics, ended);
    await this.#letGo(ended);
  }

  /** Deletion waits for the lock, but never longer than the lock itself would last. */
  async #release(
    run: BootstrapRecovery,
    target: RecoveryTarget | undefined,
    logger: Logger,
    signal: AbortSignal,
  ): Promise<Result> {
    const { client, clock } = this.#options;
    if (!holdsFinalizer(run)) return {};
    const since = Date.parse(run.metadata.deletionTimestamp ?? '');
    const overdue = clock.now().getTime() - since > lockLifetime;
    if (!overdue && !(await giveBackLock(client, run, target, logger, signal))) {
      return { requeueAfterMs: giveBackInterval };
    }
    await this.#letGo(run);
    return {};
  }

  async #expire({ metadata: { namespace, name, uid } }: BootstrapRecovery): Promise<void> {
    try {
      await this.#options.client.delete(bootstrapRecoveries, { namespace, name }, { uid });
    } catch (error) {
      // Gone already, or a namesake took its place.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** Takes the finalizer off, if it is there. */
  async #letGo(run: BootstrapRecovery): Promise<void> {
    try {
      await removeFinalizer<BootstrapRecovery>(this.#options.client, bootstrapRecoveries, run, lockFinalizer);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #write(run: BootstrapRecovery, draft: Draft): Promise<BootstrapRecovery> {
    const writer = this.#writer(run);
    await writer.write(draft);
    return writer.run;
  }

  #writer(run: BootstrapRecovery): StatusWriter {
    const { client, owner, recorder, clock } = this.#options;
    return new StatusWriter({ client, owner, recorder, clock, run });
  }

  async #get<T extends KubernetesObject>(
    resource: Resource<T>,
    key: ObjectKey,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await this.#options.client.get(resource, key, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

function holdsFinalizer({ metadata }: BootstrapRecovery): boolean {
  return metadata.finalizers?.includes(lockFinalizer) ?? false;
}
