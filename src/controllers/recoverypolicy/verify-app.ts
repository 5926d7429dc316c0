import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Clock } from '../../async/clock.ts';
import { TerminalError, TransientError } from '../../errors.ts';
import type { RunObserver } from '../../recovery/observer.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import { runAttempt } from '../../recovery/run.ts';
import { remembering } from '../app-history/app-history.ts';
import { runRequest } from '../bootstraprecovery/request.ts';
import { runSignal } from '../bootstraprecovery/stop-signal.ts';
import { admittedSource, smallestRunBytes } from '../slots/memory.ts';
import type { SlotPool } from '../slots/slot-pool.ts';
import { type ConnectionTools, connectTarget } from '../target-connection/connect-target.ts';
import { ForbiddenError } from '../target-connection/missing-permission.ts';
import { lookOf } from './child.ts';
import type { AppEntry } from './entry.ts';
import { type Reading, readingOf } from './reading.ts';

/** What a look uses of the controller. */
export interface LookTools extends ConnectionTools {
  readonly slots: SlotPool;
  readonly clock: Clock;
  /** A new UUID for each look; nothing is ever written under it. */
  readonly newID: () => string;
}

/** What came of a look. */
export interface Look {
  readonly reading: Reading;
  /** What the engine found; undefined when the target could not be resolved. */
  readonly outcome: Outcome | undefined;
}

/**
 * Looks at one app with the engine of the runs, in mode Verify: it reads metadata and Redis and writes to neither. The policy's own
 * marks bind.
 *
 * @throws the reason of `signal` when that aborts, or what the API client throws: nothing is known about the app then
 */
export async function look(
  tools: LookTools,
  policy: RecoveryPolicy,
  target: RecoveryTarget,
  entry: AppEntry,
  signal: AbortSignal,
): Promise<Look> {
  const { slots, clock, newID } = tools;
  const { namespace = 'default' } = target.metadata;
  // A verification keeps no run of the same app waiting: it only reads.
  const work = {
    namespace,
    target: target.metadata.name,
    kind: 'verification',
    bytes: smallestRunBytes,
  } as const;
  const slot = await slots.acquire(work, signal);
  try {
    await using connection = await connectTarget(tools, target, entry, signal);
    const busy = new AbortController();
    // Leaves nothing behind on the controller's own signal, which lives as long as the process.
    using stop = runSignal(signal, busy.signal);
    const now = clock.now();
    const source = admittedSource(connection.source, slot, stop.signal);
    const request = runRequest(
      lookOf(policy, entry, newID()),
      target,
      { ...connection, source },
      {
        now,
        deadline: new Date(now.getTime() + policy.spec.recoveryTemplate.timeoutSeconds * 1000),
        clock,
        signal: stop.signal,
        observer: untilLocked(busy),
      },
    );
    const outcome = await runAttempt(remembering(request, { marks: entry.marks }));
    signal.throwIfAborted();
    return { reading: readingOf(outcome), outcome };
  } catch (error) {
    const reading = unresolved(error);
    if (reading === undefined) {
      throw error;
    }
    return { reading, outcome: undefined };
  } finally {
    slot.release();
  }
}

/** A run waits for the lock of another recovery; a look has nothing to wait for. */
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

/** What the target refers to is missing, or may not be read. */
function unresolved(error: unknown): Reading | undefined {
  if (error instanceof ForbiddenError) {
    return { kind: 'unverifiable', reason: 'Forbidden', message: error.message, targetWide: false };
  }
  if (error instanceof TerminalError) {
    return { kind: 'unverifiable', reason: 'InvalidReference', message: error.message, targetWide: false };
  }
  return undefined;
}
