import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { RuntimeMetrics } from '../metrics/runtime-metrics.ts';
import type { APIClient } from './api-client.ts';
import { APIError, isConflict } from './api-error.ts';
import type { CallOptions } from './call-options.ts';
import type { KubernetesObject } from './object.ts';
import type { Resource } from './resource.ts';

/** An object whose kind has a status subresource. */
export interface ObjectWithStatus extends KubernetesObject {
  readonly status?: unknown;
}

/** Who writes status, and with what. */
export interface StatusApplier {
  readonly client: Pick<APIClient, 'apply' | 'get'>;
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

/** Attempts before a status gives way to a writer that keeps changing the object. */
const MAX_ATTEMPTS = 5;

/**
 * Makes `status` the object's whole status by server-side apply; fields that this owner wrote earlier and
 * `status` no longer has are removed. No call is made when `current` says so already: a status write wakes
 * every watcher.
 *
 * The write is bound to the resourceVersion of `current`, because the API server does not compare uids when a
 * status is applied, and a status must not land on a namesake created in between. When the object changed, it
 * is read again and the write repeated if it still is the same object; `Conflict` is thrown if it is not, or
 * with `onlyIfUnchanged`. A field that another manager wrote is taken back, but counted and logged first: two
 * writers of one status are a misconfiguration that forcing alone would hide.
 *
 * @returns the object as the server now has it, or `current` when no call was made.
 */
export async function applyStatus<T extends ObjectWithStatus>(
  owner: StatusApplier,
  resource: Resource<T>,
  current: T,
  status: NonNullable<T['status']>,
  options: ApplyStatusOptions = {},
): Promise<T> {
  const count = (result: 'applied' | 'unchanged' | 'conflict' | 'error'): void =>
    owner.metrics.statusApplies.inc({ resource: resource.plural, result });
  if (isDeepStrictEqual(asJSON(current.status), asJSON(status))) {
    count('unchanged');
    return current;
  }
  const { name, namespace, uid } = current.metadata;
  const { signal, onlyIfUnchanged } = options;
  let { resourceVersion } = current.metadata;
  let force = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const metadata = { name, namespace, resourceVersion };
      const how = { fieldManager: owner.fieldManager, force, subresource: 'status', signal } as const;
      const applied = await owner.client.apply(resource, { metadata, status }, how);
      count('applied');
      return applied;
    } catch (error) {
      if (!isConflict(error)) {
        count('error');
        throw error;
      }
      count('conflict');
      const owners = foreignOwners(error);
      if (owners.length > 0 && !force) {
        owner.logger.warn(
          { name, namespace, owners },
          'another field manager wrote fields of this status; taking them back',
        );
        force = true;
        continue;
      }
      if (onlyIfUnchanged || attempt >= MAX_ATTEMPTS) {
        throw error;
      }
      const live = await owner.client.get(resource, current.metadata, { signal });
      if (live.metadata.uid !== uid) {
        throw error;
      }
      resourceVersion = live.metadata.resourceVersion;
    }
  }
}

/** What a server-side apply conflict says about who owns which field; empty for every other error. */
function foreignOwners(error: unknown): readonly string[] {
  if (!(error instanceof APIError)) {
    return [];
  }
  const conflicts = error.causes.filter((cause) => cause.reason === 'FieldManagerConflict');
  return conflicts.map((cause) => `${cause.field ?? ''}: ${cause.message ?? ''}`);
}

/** As it travels: without undefined fields. */
function asJSON(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
