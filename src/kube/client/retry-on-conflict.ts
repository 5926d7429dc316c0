import type { Clock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import type { APIClient } from './api-client.ts';
import { isConflict, isNotFound } from './api-error.ts';
import type { CallOptions } from './call-options.ts';
import type { KubernetesObject } from './object.ts';
import type { Resource } from './resource.ts';

/** What {@link retryOnConflict} works with. */
export interface ConflictRetryDependencies {
  readonly client: Pick<APIClient, 'get'>;
  readonly clock: Clock;
  /** Uniform in [0, 1), for the pauses. */
  readonly random: () => number;
}

/** Options of {@link retryOnConflict}. */
export interface ConflictRetryOptions<T> extends CallOptions {
  /**
   * Whether the change still makes sense for what the object has become; when it does not, it is given up.
   */
  readonly stillHolds?: (read: T, current: T) => boolean;
}

const maxTries = 12;
const firstPauseMs = 20;
const longestPauseMs = 1_000;

/**
 * Changes an object by a call bound to its resourceVersion. When the object has changed meanwhile, it is read
 * again and the call repeated, after a pause that grows (client-go: retry.RetryOnConflict).
 *
 * @param change makes one call, bound to the resourceVersion of the object it is handed
 * @returns what `change` returned; undefined when the object is gone, another one has its name, or the change
 *   makes no sense for what it has become
 * @throws `Conflict` when the object changes faster than it can be read, or what `change` throws
 */
export async function retryOnConflict<T extends KubernetesObject, R>(
  { client, clock, random }: ConflictRetryDependencies,
  resource: Resource<T>,
  read: T,
  change: (current: T) => Promise<R>,
  { stillHolds = () => true, signal }: ConflictRetryOptions<T> = {},
): Promise<R | undefined> {
  let current = read;
  for (let tries = 1; ; tries += 1) {
    try {
      return await change(current);
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      if (!isConflict(error) || tries >= maxTries) {
        throw error;
      }
    }
    // The first conflict is most often a single edit.
    if (tries > 1) {
      await sleep(clock, random() * Math.min(longestPauseMs, firstPauseMs * 2 ** tries), signal);
    }
    const live = await client.get<T>(resource, read.metadata, { signal }).catch((error: unknown) => {
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    });
    if (live?.metadata.uid !== read.metadata.uid || !stillHolds(read, live)) {
      return undefined;
    }
    current = live;
  }
}
