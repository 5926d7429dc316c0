import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { findCondition } from '../../api/condition.ts';
import { failureEventNote, reportFailedEvent } from '../../api/events.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { lockFinalizer, policyLabel } from '../../api/resources.ts';
import { elapsedMs } from '../../api/stored-time.ts';
import type { Clock } from '../../async/clock.ts';
import { hasFinalizer } from '../../kube/client/finalizers.ts';
import type { EventRecorder } from '../../kube/events/event-recorder.ts';
import { LeadershipLostError } from '../../kube/leaderelection/leader-elector.ts';
import type { RecoveryMetrics } from '../../observability/metrics.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import { nextStep } from '../../recovery/retry.ts';
import { runAttempt } from '../../recovery/run.ts';
import { StepTimes } from '../../recovery/step-times.ts';
import { type AppHistoryReader, withAppHistory } from '../app-history/app-history.ts';
import { memoryBoundSource } from '../slots/memory.ts';
import type { Slot } from '../slots/slot-pool.ts';
import { type ConnectionDependencies, connectTarget } from '../target-connection/connect-target.ts';
import type { AttemptEnd } from './attempt-end.ts';
import { draftOf, withAttempt, withOutcome, withReport } from './draft.ts';
import { checkLockStillHeld, lockWaitDeadlineOf, mayWaitForLock, postponeForLock } from './lock-wait.ts';
import { isWorthAReport, writeReport } from './report.ts';
import { runRequest } from './request.ts';
import type { RunStatus } from './run-status.ts';
import { StatusObserver } from './status-observer.ts';
import { stopSignal } from './stop-signal.ts';

/** What an attempt uses of the controller. */
export interface AttemptDependencies extends ConnectionDependencies {
  /** What policies remember: marks that bind, and settings that were captured. */
  readonly history: AppHistoryReader;
  readonly metrics: RecoveryMetrics;
  readonly clock: Clock;
  readonly random: () => number;
  /** This installation: namespace and name of its leader-election lease. */
  readonly installation: string;
  /** A new UUID for each attempt. */
  readonly newID: () => string;
  readonly recorder: EventRecorder;
  readonly logger: Logger;
  /** For a run as it was just read. */
  readonly runStatus: (run: BootstrapRecovery) => RunStatus;
}

/** One attempt to make. */
export interface AttemptRequest {
  readonly run: BootstrapRecovery;
  readonly target: RecoveryTarget;
  readonly slot: Slot;
  readonly attempt: number;
  readonly deadline: Date;
  /** The controller is shutting down. */
  readonly stopping: AbortSignal;
  /** A person cancels or deletes this run. */
  readonly cancelled: AbortSignal;
}

/**
 * Makes one attempt: resolves the target (R1), says in the status that it begins, lets the engine do R2 to
 * R10, and says how it ended. The beginning is durable before anything is sent to Redis, so a crash at any
 * point finds the attempt counted and its deadline set.
 *
 * @throws RunOverError when the run is gone or has ended; MissingReferenceError, another TerminalError
 *   `InvalidReference`, or `ForbiddenError` before it began, or what the API client throws
 */
export async function makeAttempt(
  dependencies: AttemptDependencies,
  attemptRequest: AttemptRequest,
): Promise<AttemptEnd> {
  const { clock, metrics, logger } = dependencies;
  const { target, slot, attempt, deadline, stopping } = attemptRequest;
  const { run } = attemptRequest;
  const { adminName, appName, mode } = run.spec;
  const resolving = new StepTimes(clock);
  resolving.begin('Resolve');
  await using connection = await connectTarget(dependencies, target, { adminName, appName }, stopping);
  const status = dependencies.runStatus(run);
  if (mayWaitForLock(run, clock.now()) && (await checkLockStillHeld(connection.store, run, stopping))) {
    return postponeForLock(status, deadline, clock);
  }
  const draft = withAttempt(draftOf(run), attempt, deadline, clock.now(), dependencies.installation);
  await status.claim(draft);
  logger.info({ attempt, target: target.metadata.name, mode }, 'attempt begins');

  const observer = new StatusObserver(draft, status, clock);
  using stop = stopSignal(stopping, attemptRequest.cancelled);
  metrics.activeRuns.inc();
  let outcome: Outcome;
  try {
    const now = clock.now();
    const source = memoryBoundSource(connection.source, slot, stop.signal);
    const request = runRequest(
      run,
      target,
      { ...connection, source },
      {
        now,
        // The uid is the API server's choice: a marker that holds it was written by an attempt of this run.
        // The status says so too late when two controllers begin at once.
        resumed: true,
        mayHaveWritten: wasCutOffNearWrite(run),
        deadline,
        clock,
        attemptID: dependencies.newID(),
        // It comes back for it later, and holds no slot meanwhile.
        onForeignLock: 'return',
        // A policy's template is for apps with different roles.
        refuseUnknownRoles: run.metadata.labels?.[policyLabel] === undefined,
        signal: stop.signal,
        observer,
        // Not before: a run that takes no lock has nothing to clean up, and most find nothing to do.
        beforeLock: async () => {
          if (run.spec.strategy === 'Always') {
            // It takes the lock where nothing is lost, too: should it be cut off, the plan tells whether it
            // has written.
            await status.write(observer.draft);
          }
          await status.hold(lockFinalizer);
        },
      },
    );
    const history = await dependencies.history.read(target, { adminName, appName }, logger, stopping);
    const resolved = resolving.end();
    const attempted = await runAttempt(withAppHistory(request, history));
    outcome = { ...attempted, steps: [...resolved, ...attempted.steps] };
  } finally {
    metrics.activeRuns.dec();
    await status.settle();
  }
  return report(dependencies, attemptRequest, observer, status, outcome);
}

/**
 * Whether the attempt before had something to write and was cut off when it was about to take the lock or
 * later. One that came to its own end has left another reason than `Running`.
 */
function wasCutOffNearWrite({ metadata, spec, status }: BootstrapRecovery): boolean {
  const reason = findCondition(status.conditions, 'Succeeded')?.reason;
  const { creates = 0, replaces = 0, persists = 0, deletes = 0 } = status.plan ?? {};
  const hadToWrite = spec.strategy !== 'Always' || creates + replaces + persists + deletes > 0;
  return reason === 'Running' && hasFinalizer({ metadata }, lockFinalizer) && hadToWrite;
}

async function report(
  { client, clock, metrics, random, recorder, logger }: AttemptDependencies,
  { run, attempt, deadline, stopping }: AttemptRequest,
  observer: StatusObserver,
  status: RunStatus,
  result: Outcome,
): Promise<AttemptEnd> {
  // Undecided because we are going, or no longer ours to decide: the status says Running, and the next leader
  // continues from there.
  if (stopping.aborted && (result.retry !== 'none' || stopping.reason instanceof LeadershipLostError)) {
    metrics.attempts.inc({ result: 'aborted' });
    logger.info({ err: stopping.reason }, 'attempt given up; the next leader resumes it');
    return { run: status.run, nextAttemptTime: undefined };
  }
  metrics.attempts.inc({ result: result.retry });
  const step = nextStep({
    outcome: result,
    // Only a transient failure makes the next attempt a new one, so their number is the number of failures.
    failures: attempt,
    backoffLimit: run.spec.backoffLimit,
    sinceStartMs: elapsedMs(status.run.status.startTime, clock.now()),
    deadline,
    ...lockWaitDeadlineOf(status.run),
    now: clock.now(),
    random: random(),
  });
  const outcome = step.kind === 'final' ? step.outcome : result;
  const next = step.kind === 'attempt' ? step : undefined;
  const nextAttemptTime = next?.at;
  const { succeeded, state, error } = outcome;
  logger[outcome.retry === 'backoff' ? 'warn' : 'info'](
    { reason: succeeded.reason, state, err: error, nextAttemptTime },
    `attempt ended: ${succeeded.message}`,
  );

  let draft = withOutcome(observer.draft, outcome, next, clock.now());
  if (nextAttemptTime === undefined && isWorthAReport(outcome)) {
    try {
      draft = withReport(draft, await writeReport(client, run, outcome));
    } catch (failure) {
      // The status holds the truth; the report only more of it.
      logger.warn({ err: failure }, 'the report could not be written');
      recorder.event(run, {
        ...reportFailedEvent,
        note: failureEventNote('The report could not be written', failure),
      });
    }
  }
  await status.write(draft);
  return { run: status.run, nextAttemptTime };
}
