import { isDeepStrictEqual } from 'node:util';
import type { Condition } from '../../api/condition.ts';
import { transitionEvents } from '../../api/events.ts';
import { type StatusKind, statusWithinBounds } from '../../api/status-within-bounds.ts';
import type { Clock } from '../../async/clock.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { applyStatus, type StatusApplier } from '../../kube/client/apply-status.ts';
import type { KubernetesObject } from '../../kube/client/object.ts';
import type { Resource } from '../../kube/client/resource.ts';
import { type ConflictRetryOptions, retryOnConflict } from '../../kube/client/retry-on-conflict.ts';
import type { EventRecorder } from '../../kube/events/event-recorder.ts';

/** An object with the status this project writes. */
export interface ConditionedObject extends KubernetesObject {
  readonly status: { readonly conditions?: readonly Condition[] };
}

/** What every {@link StatusWriter} of a process shares. */
export interface StatusWriterDependencies {
  readonly client: APIClient;
  readonly owner: StatusApplier;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  /** Uniform in [0, 1), for the pauses between two conflicts. */
  readonly random: () => number;
  /**
   * Throws when this process may no longer act as the leader, by the clock and not by what it has heard so
   * far.
   */
  readonly assertLeading: () => void;
}

/** Which kind a {@link StatusWriter} writes. */
export interface StatusWriterKind<T extends ConditionedObject> {
  readonly resource: Resource<T> & { readonly kind: StatusKind };
  /** Conditions whose transitions become events, each with the action the event names. */
  readonly eventActions?: Readonly<Record<string, string>>;
}

/**
 * The one place that writes status, of every kind: within the limits of the CRD, bound to the object as it
 * was read, with an event for each transition.
 *
 * An object that changed meanwhile is read again. Annotations and labels change as often as their authors
 * like, and must not throw away what took minutes to find out: while uid, generation and status are the same,
 * the status is written onto the new state. Otherwise it is outdated; what changed wakes the controller
 * anyway.
 */
export class StatusWriter<T extends ConditionedObject> {
  readonly #dependencies: StatusWriterDependencies;
  readonly #of: StatusWriterKind<T>;

  constructor(dependencies: StatusWriterDependencies, of: StatusWriterKind<T>) {
    this.#dependencies = dependencies;
    this.#of = of;
  }

  /**
   * Writes `statusFor(current)`, where `current` is `read` or what the object has become since.
   *
   * @param options `stillHolds` decides what discards the status; left out: {@link sameSpecAndStatus}
   * @returns the object as written; undefined when it is gone or the status no longer holds: nothing is
   *   written then
   * @throws `Conflict` when the object changes faster than it can be written, or what the API client throws
   */
  write(
    read: T,
    statusFor: (current: T) => NonNullable<T['status']>,
    options: ConflictRetryOptions<T> = {},
  ): Promise<T | undefined> {
    const write = (current: T): Promise<T> => this.#apply(current, statusFor(current), options.signal);
    const { resource } = this.#of;
    return retryOnConflict<T, T>(this.#dependencies, resource, read, write, {
      stillHolds: sameSpecAndStatus,
      ...options,
    });
  }

  async #apply(current: T, status: NonNullable<T['status']>, signal: AbortSignal | undefined): Promise<T> {
    const { owner, recorder, assertLeading } = this.#dependencies;
    const { resource, eventActions } = this.#of;
    const bounded = statusWithinBounds(resource.kind, status);
    assertLeading();
    const written = await applyStatus<T>(owner, resource, current, bounded, {
      onlyIfUnchanged: true,
      signal,
    });
    const before = current.status.conditions ?? [];
    for (const event of transitionEvents(before, bounded.conditions ?? [], eventActions)) {
      recorder.event(written, event);
    }
    return written;
  }
}

/**
 * What was found out about `read` is true of `current` too: only metadata that means nothing to us has
 * changed.
 */
export function sameSpecAndStatus(read: ConditionedObject, current: ConditionedObject): boolean {
  return (
    current.metadata.generation === read.metadata.generation &&
    current.metadata.deletionTimestamp === read.metadata.deletionTimestamp &&
    isDeepStrictEqual(current.status, read.status)
  );
}
