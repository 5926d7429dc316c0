import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { bootstrapRecoveries, recoveryTargets } from '../../api/resources.ts';
import type { Clock } from '../../async/clock.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { isNotFound } from '../../kube/client/api-error.ts';
import type { KubernetesObject } from '../../kube/client/object.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import type { Resource } from '../../kube/client/resource.ts';
import type { RunFacts } from './decide.ts';

/** Facts from the API server itself, whole objects. */
export interface LiveFacts extends RunFacts {
  readonly run: BootstrapRecovery;
  readonly target: RecoveryTarget | undefined;
}

/**
 * The present state of a run and its target, from the API server: a cache is never enough to justify a side effect. Undefined when
 * the run is gone; a namesake created in between comes with its own event.
 */
export async function gatherFacts(
  client: APIClient,
  { metadata, spec }: BootstrapRecovery,
  { clock, installation }: { readonly clock: Clock; readonly installation: string },
  signal: AbortSignal,
): Promise<LiveFacts | undefined> {
  const { namespace, name, uid } = metadata;
  const targetKey = { namespace, name: spec.targetRef.name };
  const [run, target] = await Promise.all([
    find<BootstrapRecovery>(client, bootstrapRecoveries, { namespace, name }, signal),
    find<RecoveryTarget>(client, recoveryTargets, targetKey, signal),
  ]);
  if (run?.metadata.uid !== uid) {
    return undefined;
  }
  const usable = target?.metadata.deletionTimestamp === undefined ? target : undefined;
  return { run, target: usable, now: clock.now(), installation };
}

/** The object under `key`, from the API server; undefined when there is none. */
export async function find<T extends KubernetesObject>(
  client: APIClient,
  resource: Resource<T>,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<T | undefined> {
  try {
    return await client.get(resource, key, { signal });
  } catch (error) {
    if (isNotFound(error)) {
      return undefined;
    }
    throw error;
  }
}
