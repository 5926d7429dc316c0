import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { isTerminal, type Verdict } from '../../api/conditions.ts';
import type { SucceededReason } from '../../api/reasons.ts';
import { bootstrapRecoveries, lockFinalizer } from '../../api/resources.ts';
import { elapsedMs, rfc3339, roundUpToSecond } from '../../api/stored-time.ts';
import { TerminalError } from '../../errors.ts';
import { isConflict, isNotFound } from '../../kube/client/api-error.ts';
import { hasFinalizer, removeFinalizer } from '../../kube/client/finalizers.ts';
import { retryOnConflict } from '../../kube/client/retry-on-conflict.ts';
import type { ReconcileResult } from '../../kube/controller/reconcile.ts';
import { LONGEST_PAUSE_MS } from '../../recovery/retry.ts';
import { missingPermission } from '../target-connection/missing-permission.ts';
import { MissingReferenceError, missingReferencePauseMs } from '../target-connection/missing-reference.ts';
import { type AttemptDependencies, type AttemptRequest, makeAttempt } from './attempt.ts';
import { draftOf, type StatusDraft, withVerdict } from './draft.ts';
import type { CurrentFacts } from './facts.ts';
import type { FinishedRuns } from './finished-runs.ts';
import { countEndedRun } from './metrics.ts';
import { releaseRecoveryLock } from './release-lock.ts';
import { RunOverError } from './run-status.ts';

/** Milliseconds until something without a watch, such as a granted permission, is checked again. */
const lookAgain = 30_000;
/** Milliseconds between two tries to give back a lock. */
const giveBackInterval = 5_000;
/**
 * Milliseconds after which a lock has expired: its longest life, the time-out of 300 s and a margin
 * of 30 s.
 */
const lockLifetime = 330_000;

/** What the actions use of the controller. */
export interface RunActionsDependencies extends AttemptDependencies {
  readonly finishedRuns: FinishedRuns;
}

/** What can be done with one run, as it was just read. Each ends with a status that says what was done. */
export class RunActions {
  readonly #dependencies: RunActionsDependencies;
  readonly #facts: CurrentFacts;

  constructor(dependencies: RunActionsDependencies, facts: CurrentFacts) {
    this.#dependencies = dependencies;
    this.#facts = facts;
  }

  /** The status of a run that has ended follows the generation, and nothing is held any more. */
  async follow(): Promise<void> {
    const { run } = this.#facts;
    const written = await this.#write(draftOf(run));
    if (written !== undefined) {
      await this.#letGo(written);
    }
  }

  /** Says what the run waits for. */
  async wait(verdict: Verdict<SucceededReason>): Promise<void> {
    const { run, now } = this.#facts;
    await this.#write(withVerdict(draftOf(run), verdict, now));
  }

  /** Ends the run without another attempt. An attempt that died before may have left its lock. */
  async end(verdict: Verdict<SucceededReason>, signal: AbortSignal): Promise<void> {
    const { metrics, logger } = this.#dependencies;
    const { run, target, now } = this.#facts;
    if (hasFinalizer(run, lockFinalizer)) {
      await releaseRecoveryLock(this.#dependencies, run, target, logger, signal);
    }
    const ended = await this.#write(withVerdict(draftOf(run), verdict, now));
    if (ended === undefined) {
      return;
    }
    logger.info({ reason: verdict.reason }, `run ended without another attempt: ${verdict.message}`);
    countEndedRun(metrics, ended);
    await this.#letGo(ended);
  }

  /**
   * Makes an attempt; says what it waits for, or ends the run, when it cannot begin because of what the
   * target refers to.
   */
  async attempt(attemptRequest: Omit<AttemptRequest, 'run'>): Promise<ReconcileResult> {
    const { metrics, clock, logger } = this.#dependencies;
    try {
      const { run, nextAttemptTime } = await makeAttempt(this.#dependencies, {
        ...attemptRequest,
        run: this.#facts.run,
      });
      if (isTerminal(run.status.conditions ?? [])) {
        countEndedRun(metrics, run);
        await this.#letGo(run);
      }
      if (nextAttemptTime === undefined) {
        return {};
      }
      const leftMs = nextAttemptTime.getTime() - clock.now().getTime();
      return { requeueAfterMs: Math.min(Math.max(1, leftMs), LONGEST_PAUSE_MS) };
    } catch (error) {
      const toGrant = missingPermission(error);
      if (toGrant !== undefined) {
        await this.wait({ reason: 'WaitingForTarget', message: toGrant });
        return { requeueAfterMs: lookAgain };
      }
      if (error instanceof MissingReferenceError) {
        return await this.#waitForReference(error, attemptRequest.deadline);
      }
      if (error instanceof RunOverError || isNotFound(error)) {
        // Before it took the lock nothing holds back a deletion, and what has no object has no status either.
        logger.info({ err: error }, 'the run is not worked on any more');
        return {};
      }
      if (!(error instanceof TerminalError)) {
        throw error;
      }
      await this.end({ reason: 'InvalidReference', message: error.message }, attemptRequest.stopping);
      return {};
    }
  }

  /**
   * Says which Secret or ConfigMap the run waits for; its time counts from now on. Nothing tells us when it
   * comes.
   */
  async #waitForReference({ message }: MissingReferenceError, deadline: Date): Promise<ReconcileResult> {
    const { run, now } = this.#facts;
    const draft = draftOf(run);
    const fields = { ...draft.fields, deadline: rfc3339(roundUpToSecond(deadline)) };
    await this.#write(withVerdict({ ...draft, fields }, { reason: 'WaitingForTarget', message }, now));
    const pauseMs = missingReferencePauseMs(elapsedMs(run.metadata.creationTimestamp, now));
    const leftMs = deadline.getTime() - now.getTime();
    return { requeueAfterMs: Math.max(1, Math.min(pauseMs, leftMs)) };
  }

  /**
   * Lets a run go that is being deleted. That waits for its lock, but never longer than the lock itself would
   * last.
   */
  async release(signal: AbortSignal): Promise<ReconcileResult> {
    const { logger } = this.#dependencies;
    const { run, target, now } = this.#facts;
    if (!hasFinalizer(run, lockFinalizer)) {
      return {};
    }
    const overdue = elapsedMs(run.metadata.deletionTimestamp, now) > lockLifetime;
    if (!(await releaseRecoveryLock(this.#dependencies, run, target, logger, signal)) && !overdue) {
      return { requeueAfterMs: giveBackInterval };
    }
    await this.#letGo(run);
    return {};
  }

  /** Deletes a run whose time to live is over. */
  async expire(): Promise<void> {
    const { namespace, name, uid } = this.#facts.run.metadata;
    try {
      await this.#dependencies.client.delete(bootstrapRecoveries, { namespace, name }, { uid });
    } catch (error) {
      // Gone already, or a namesake took its place.
      if (!isNotFound(error) && !isConflict(error)) {
        throw error;
      }
    }
  }

  async #letGo(run: BootstrapRecovery): Promise<void> {
    const { client, finishedRuns } = this.#dependencies;
    await retryOnConflict<BootstrapRecovery, BootstrapRecovery>(
      this.#dependencies,
      bootstrapRecoveries,
      run,
      (current) => removeFinalizer<BootstrapRecovery>(client, bootstrapRecoveries, current, lockFinalizer),
    );
    finishedRuns.add(run);
  }

  /** The run as written; undefined when it is gone, or another controller has ended it. */
  async #write(draft: StatusDraft): Promise<BootstrapRecovery | undefined> {
    const status = this.#dependencies.runStatus(this.#facts.run);
    return (await status.write(draft)) ? status.run : undefined;
  }
}
