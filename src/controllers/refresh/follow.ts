import type { Baseline } from '../loss-detection/baseline.ts';
import type { RefreshStatus } from './decide.ts';
import type { RefreshAnswer, TaskAnswer } from './server-api.ts';

/**
 * How long a request may take before it counts as failed: the server gives up on a store that is away after
 * 13 s.
 */
const patienceMs = 90_000;
const maxMessage = 512;

/** The request after the server's answer. Pure. */
export function withServerAnswer(refresh: RefreshStatus, answer: RefreshAnswer): RefreshStatus {
  return answer.kind === 'accepted'
    ? { ...refresh, state: 'UnderWay', taskID: answer.taskID }
    : withFailure(refresh, answer.message);
}

/**
 * The request as it stands. Only the bucket is believed: a new timestamp that verifies is success, whatever
 * the task says. Pure.
 *
 * @param task what the server says; undefined when it was not asked or did not answer
 */
export function followRefresh(
  refresh: RefreshStatus,
  baseline: Pick<Baseline, 'timestamp'> | undefined,
  task: TaskAnswer | undefined,
  now: Date,
): RefreshStatus {
  if (refresh.state !== 'Ordered' && refresh.state !== 'UnderWay') {
    return refresh;
  }
  if (baseline !== undefined && baseline.timestamp.version > (refresh.timestampVersion ?? 0)) {
    const { message: _, ...rest } = refresh;
    return { ...rest, state: 'Succeeded', failures: 0 };
  }
  if (task?.kind === 'failed') {
    return withFailure(refresh, task.message);
  }
  if (task?.kind === 'succeeded' && task.roles.length === 0) {
    return withFailure(
      refresh,
      'The server reports success and has signed nothing: it does not know these roles, or does not hold their keys.',
    );
  }
  const age = now.getTime() - Date.parse(refresh.requestTime);
  if (age < 0 || age > patienceMs) {
    return withFailure(
      refresh,
      refresh.state === 'Ordered'
        ? 'It is not known whether the request was sent, and the bucket holds nothing new.'
        : `The server did not sign within ${patienceMs / 1000} s.`,
    );
  }
  return refresh;
}

/** The request after a failure. */
export function withFailure(refresh: RefreshStatus, message: string): RefreshStatus {
  const cut = message.length > maxMessage ? `${message.slice(0, maxMessage - 1)}…` : message;
  return { ...refresh, state: 'Failed', failures: (refresh.failures ?? 0) + 1, message: cut };
}
