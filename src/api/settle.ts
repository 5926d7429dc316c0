import type { Condition } from './condition.ts';

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
      message,
    };
  });
}

/** metav1.Time holds whole seconds: anything finer would differ from what the API server gives back. */
export function rfc3339(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** Rounded up: cut to whole seconds, a time to come would be earlier than was promised. */
export function wholeSecond(time: Date): Date {
  return new Date(Math.ceil(time.getTime() / 1000) * 1000);
}
