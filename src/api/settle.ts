import type { Condition } from './condition.ts';

/** Longest message the schema admits; the API server refuses the whole status beyond it. */
const maxMessage = 4096;

/** Gives conditions their generation and times: `lastTransitionTime` stays when the status of that type stays. */
export function settle(
  conditions: readonly Pick<Condition, 'type' | 'status' | 'reason' | 'message'>[],
  previous: readonly Condition[],
  generation: number,
  now: Date,
): readonly Condition[] {
  return conditions.map(({ type, status, reason, message }) => {
    const before = previous.find((known) => known.type === type);
    return {
      type,
      status,
      observedGeneration: generation,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : rfc3339(now),
      reason,
      message: message.length > maxMessage ? `${message.slice(0, maxMessage - 1).toWellFormed()}…` : message,
    };
  });
}

/** metav1.Time holds whole seconds: anything finer would differ from what the API server gives back. */
export function rfc3339(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
