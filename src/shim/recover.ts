import type { BootstrapRecovery } from '../api/bootstraprecovery.generated.ts';
import type { Clock } from '../async/clock.ts';
import { Deadline } from '../async/deadline.ts';
import { type Answer, errorAnswer, retryLater } from './http/answer.ts';
import type { ShimMetrics } from './metrics.ts';
import { decisionOf, isDecided } from './runs/decision.ts';
import type { Recoveries, RecoveryOrder } from './runs/recoveries.ts';

/** What handling a recovery needs. */
export interface RecoverOptions {
  readonly recoveries: Recoveries;
  readonly clock: Clock;
  /** How long a request waits for the controller to say whether a recovery is needed and allowed, in milliseconds. */
  readonly decisionTimeoutMs: number;
  readonly metrics: ShimMetrics;
}

/**
 * Starts a recovery and answers with the controller's decision. Without one in time, or when nobody waits for it any more, the answer
 * is 202 all the same: the run is recorded, and a controller that comes later takes it up.
 *
 * @param nobodyWaits makes the signal that ends the wait; asked for only when there is something to wait for
 */
export async function recover(
  options: RecoverOptions,
  order: RecoveryOrder,
  nobodyWaits: () => AbortSignal,
): Promise<Answer> {
  const { recoveries, clock, metrics } = options;
  if (!recoveries.ready) {
    return retryLater(503, 'the shim is starting; try again', 2);
  }
  const started = await recoveries.start(order);
  if (started.kind === 'inProgress') {
    return errorAnswer(409, 'Recovery already in progress for this admin and app');
  }
  if (started.kind === 'keyReused') {
    return errorAnswer(422, 'Idempotency-Key was already used for another app');
  }
  const run = isDecided(started.run) ? started.run : await decided(options, started.run, nobodyWaits());
  if (run === undefined) {
    return retryLater(503, 'Recovery was deleted before it was decided; try again', 1);
  }
  const decision = decisionOf(run);
  if (decision.kind === 'refused') {
    await recoveries.withdraw(run);
    return decision.answer;
  }
  if (decision.kind === 'pending') {
    metrics.undecided.inc();
  }
  return accepted(run.metadata.uid, clock.now());
}

async function decided(
  { recoveries, clock, decisionTimeoutMs }: RecoverOptions,
  run: BootstrapRecovery,
  signal: AbortSignal,
): Promise<BootstrapRecovery | undefined> {
  using deadline = new Deadline(clock, decisionTimeoutMs, () => new Error('no decision in time'), signal);
  return await recoveries.decided(run, deadline.signal);
}

function accepted(uid: string, now: Date): Answer {
  return {
    status: 202,
    body: {
      data: { last_update: now.toISOString().replace(/\.\d+Z$/, 'Z'), task_id: uid },
      message: 'Bootstrap recovery accepted and started in background',
    },
    headers: { Location: `/tuf/v1/task?task_id=${uid}` },
  };
}
