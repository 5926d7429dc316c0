import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Clock } from '../../async/clock.ts';
import { TerminalError, TransientError } from '../../errors.ts';
import type { RunObserver } from '../../recovery/observer.ts';
import { runAttempt } from '../../recovery/run.ts';
import { withAppHistory } from '../app-history/app-history.ts';
import type { StoredMarks } from '../app-history/high-water-marks.ts';
import { runRequest } from '../bootstraprecovery/request.ts';
import { stopSignal } from '../bootstraprecovery/stop-signal.ts';
import { type Baseline, baselineOf } from '../loss-detection/baseline.ts';
import { type Reading, readingFromOutcome } from '../loss-detection/reading.ts';
import { memoryBoundSource } from '../slots/memory.ts';
import type { Slot } from '../slots/slot-pool.ts';
import { type ConnectionDependencies, connectTarget } from '../target-connection/connect-target.ts';
import { ForbiddenError } from '../target-connection/missing-permission.ts';
import { MissingReferenceError } from '../target-connection/missing-reference.ts';
import type { Guard } from './guard.ts';
import { verificationOf } from './recoveries/recovery-run.ts';

/** What a verification uses of the controller. */
export interface VerificationDependencies extends ConnectionDependencies {
  readonly clock: Clock;
  /** A new UUID for each verification; nothing is ever written under it. */
  readonly newID: () => string;
}

/** What allows a verification, and what ends it. */
export interface VerificationPermit {
  /** Given back when it has ended. */
  readonly slot: Slot;
  /** The controller shuts down. */
  readonly stopping: AbortSignal;
  /** What would be found out is not wanted any more. */
  readonly interrupted: AbortSignal;
}

/** What a full verification found. */
export interface AppVerification {
  readonly reading: Reading;
  /** Undefined when the metadata could not be read or is not trusted. */
  readonly baseline: Baseline | undefined;
}

/**
 * Verifies one app in full with the engine of the runs, in mode Verify: it reads metadata and Redis and
 * writes to neither.
 *
 * @throws the reason of a signal that aborts, or what the API client throws: nothing is known about the app
 *   then
 */
export async function verifyApp(
  dependencies: VerificationDependencies,
  { lead }: Guard,
  target: RecoveryTarget,
  { spec }: BootstrapState,
  marks: StoredMarks | undefined,
  { slot, stopping, interrupted }: VerificationPermit,
): Promise<AppVerification> {
  const { clock, newID } = dependencies;
  try {
    await using connection = await connectTarget(dependencies, target, spec, stopping);
    const busy = new AbortController();
    // Leaves nothing behind on the controller's own signal, which lives as long as the process.
    using stop = stopSignal(stopping, AbortSignal.any([busy.signal, interrupted]));
    const now = clock.now();
    const source = memoryBoundSource(connection.source, slot, stop.signal);
    const request = runRequest(
      verificationOf(lead, spec, newID()),
      target,
      { ...connection, source },
      {
        now,
        deadline: new Date(now.getTime() + lead.spec.recoveryTemplate.timeoutSeconds * 1000),
        clock,
        signal: stop.signal,
        observer: untilLocked(busy),
      },
    );
    const outcome = await runAttempt({ ...withAppHistory(request, { marks }), drill: true });
    stopping.throwIfAborted();
    interrupted.throwIfAborted();
    const judgement = { app: spec, overrides: request.overrides, nowMs: clock.monotonic() };
    return {
      reading: readingFromOutcome(outcome),
      baseline: outcome.trusted && baselineOf(judgement, outcome.trusted, outcome),
    };
  } catch (error) {
    interrupted.throwIfAborted();
    const reading = readingFromReferenceError(error);
    if (reading === undefined) {
      throw error;
    }
    return { reading, baseline: undefined };
  } finally {
    slot.release();
  }
}

/** What the target refers to is missing, or may not be read; undefined for every other error. */
export function readingFromReferenceError(error: unknown): Reading | undefined {
  if (error instanceof ForbiddenError) {
    return { kind: 'unverifiable', reason: 'Forbidden', message: error.message, targetWide: false };
  }
  if (error instanceof MissingReferenceError) {
    return { kind: 'unverifiable', reason: 'ReferenceNotFound', message: error.message, targetWide: false };
  }
  if (error instanceof TerminalError) {
    return { kind: 'unverifiable', reason: 'InvalidReference', message: error.message, targetWide: false };
  }
  return undefined;
}

/** A run waits for the lock of another recovery; a verification has nothing to wait for. */
function untilLocked(busy: AbortController): RunObserver {
  const ignore = (): void => undefined;
  return {
    progress: ignore,
    trusted: ignore,
    planned: ignore,
    accepted: ({ reason, message }) => {
      if (reason === 'RecoveryInProgress') {
        busy.abort(new TransientError('Aborted', message));
      }
    },
  };
}
