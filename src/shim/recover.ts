import type { BootstrapRecovery } from '../api/bootstraprecovery.generated.ts';
import type { Clock } from '../async/clock.ts';
import { TimeoutSignal } from '../async/timeout-signal.ts';
import { errorAnswer, type HTTPAnswer, retryLater } from './http/answer.ts';
import type { ShimMetrics } from './metrics.ts';
import { decisionOf, isDecided } from './runs/controller-decision.ts';
import type { Recoveries, RecoveryRequest } from './runs/recoveries.ts';

/** What handling a recovery needs. */
export interface RecoverOptions {
  readonly recoveries: Recoveries;
  readonly clock: Clock;
  /**
   * How long a request waits for the controller to say whether a recovery is needed and allowed, in
   * milliseconds.
   */
  readonly decisionTimeoutMs: number;
  readonly metrics: ShimMetrics;
}

/**
 * Starts a recovery and answers with the controller's decision. Without one in time, or when the client has
 * gone, the answer is 202 all the same: the run is recorded, and a controller takes it up as soon as one is
 * working.
 *
 * @param clientGone makes the signal that ends the wait; called only when there is something to wait for
 */
export async function answerRecover(
  options: RecoverOptions,
  request: RecoveryRequest,
  clientGone: () => AbortSignal,
): Promise<HTTPAnswer> {
  const { recoveries, clock, metrics } = options;
  if (!recoveries.isReadyFor(request.tenant)) {
    return retryLater(503, 'the shim has not listed the recoveries of this admin yet; try again', 2);
  }
  const started = await recoveries.start(request);
  if (started.kind === 'inProgress') {
    return errorAnswer(409, 'Recovery already in progress for this admin and app');
  }
  if (started.kind === 'keyReused') {
    return errorAnswer(422, 'Idempotency-Key was already used for another app');
  }
  if (started.kind === 'tooMany') {
    return retryLater(429, 'too many recoveries of this admin have not finished; wait until some have', 30);
  }
  const run = isDecided(started.run)
    ? started.run
    : await waitForDecision(options, started.run, clientGone());
  if (run === undefined) {
    return retryLater(503, 'Recovery was deleted before it was decided; try again', 1);
  }
  const decision = decisionOf(run);
  if (decision.kind === 'refused') {
    // A repeated request may have been answered 202 the first time: only the request that created the run
    // withdraws it.
    if (started.kind === 'created') {
      await recoveries.withdraw(run);
    }
    return decision.answer;
  }
  if (decision.kind === 'pending') {
    metrics.undecided.inc();
  }
  return accepted(run.metadata.uid, clock.now());
}

async function waitForDecision(
  { recoveries, clock, decisionTimeoutMs }: RecoverOptions,
  run: BootstrapRecovery,
  signal: AbortSignal,
): Promise<BootstrapRecovery | undefined> {
  using deadline = new TimeoutSignal(
    clock,
    decisionTimeoutMs,
    () => new Error('no decision in time'),
    signal,
  );
  return await recoveries.waitForDecision(run, deadline.signal);
}

function accepted(uid: string, now: Date): HTTPAnswer {
  return {
    status: 202,
    body: {
      data: { last_update: now.toISOString().replace(/\.\d+Z$/, 'Z'), task_id: uid },
      message: 'Bootstrap recovery accepted and started in background',
    },
    headers: { Location: `/tuf/v1/task?task_id=${uid}` },
  };
}
