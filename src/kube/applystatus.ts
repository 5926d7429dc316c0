import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { ApiClient } from './apiclient.ts';
import { ApiError, isConflict } from './apierror.ts';
import type { CallOptions } from './calloptions.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { KubernetesObject } from './object.ts';
import type { Resource } from './resource.ts';

/** An object whose kind has a status subresource. */
export interface ObjectWithStatus extends KubernetesObject {
  readonly status?: unknown;
}

/** Who writes status, and with what. */
export interface StatusOwner {
  readonly client: Pick<ApiClient, 'apply'>;
  /** Recorded by the API server as owner of the status; one fixed name per controller. */
  readonly fieldManager: string;
  readonly metrics: RuntimeMetrics;
  readonly logger: Logger;
}

/** Options of {@link applyStatus}. */
export interface ApplyStatusOptions extends CallOptions {
  /** Refuse with `Conflict` when anything about the object changed since `current` was read. */
  readonly onlyIfUnchanged?: boolean;
}

/**
 * Makes `status` the object's whole status by server-side apply; fields that this owner wrote earlier and `status` no
 * longer has are removed. No call is made when `current` says so already: a status write wakes every watcher.
 *
 * The write names the object's uid, so a status never lands on a namesake created in between; that and
 * `onlyIfUnchanged` are thrown as `Conflict`. A field somebody else wrote is taken back, but counted and logged first: two
 * writers of one status are a misconfiguration that forcing alone would hide.
 *
 * @returns the object as the server now has it, or `current` when no call was made.
 */
export async function applyStatus<T extends ObjectWithStatus>(
  owner: StatusOwner,
  resource: Resource<T>,
  current: T,
  status: NonNullable<T['status']>,
  options: ApplyStatusOptions = {},
): Promise<T> {
  const count = (result: 'applied' | 'unchanged' | 'conflict' | 'error'): void =>
    owner.metrics.statusApplies.inc({ resource: resource.plural, result });
  if (isDeepStrictEqual(asJson(current.status), asJson(status))) {
    count('unchanged');
    return current;
  }
  const { name, namespace, uid, resourceVersion } = current.metadata;
  const metadata = { name, namespace, uid, ...(options.onlyIfUnchanged && { resourceVersion }) };
  const apply = (force: boolean): Promise<T> =>
    owner.client.apply(
      resource,
      { metadata, status },
      { fieldManager: owner.fieldManager, force, subresource: 'status', signal: options.signal },
    );
  try {
    const applied = await apply(false).catch((error: unknown) => {
      const owners = foreignOwners(error);
      if (owners.length === 0) {
        throw error;
      }
      count('conflict');
      owner.logger.warn(
        { name, namespace, owners },
        'somebody else wrote fields of this status; taking them back',
      );
      return apply(true);
    });
    count('applied');
    return applied;
  } catch (error) {
    count(isConflict(error) ? 'conflict' : 'error');
    throw error;
  }
}

/** What a server-side apply conflict says about who owns which field; empty for every other error. */
function foreignOwners(error: unknown): readonly string[] {
  if (!(error instanceof ApiError)) {
    return [];
  }
  const conflicts = error.causes.filter((cause) => cause.reason === 'FieldManagerConflict');
  return conflicts.map((cause) => `${cause.field ?? ''}: ${cause.message ?? ''}`);
}

/** As it travels: without undefined fields. */
function asJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
