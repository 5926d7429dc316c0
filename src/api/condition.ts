import { rfc3339 } from './stored-time.ts';

/** One condition of an object, as the Kubernetes API conventions define it. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** `metadata.generation` the condition was set for. */
  readonly observedGeneration?: number;
  /** RFC 3339; when `status` last changed. */
  readonly lastTransitionTime: string;
  /** CamelCase, documented in reasons.ts. */
  readonly reason: string;
  /** What happened and what to do next. */
  readonly message: string;
}

/**
 * The condition of that type, as apimachinery's `FindStatusCondition`; undefined when nothing was said yet.
 */
export function findCondition<C extends Pick<Condition, 'type'>>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * Gives conditions their generation and times: `lastTransitionTime` stays when the status of that type stays.
 */
export function withTransitionTimes(
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
