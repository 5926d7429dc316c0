import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { bootstrapRecoveries, recoveryTargets } from '../../api/resources.ts';
import type { Clock } from '../../async/clock.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { isForbidden } from '../../kube/client/api-error.ts';
import { findObject } from '../../kube/client/find-object.ts';
import type { RunFacts } from './decide.ts';

/** Facts from the API server itself, whole objects. */
export interface CurrentFacts extends RunFacts {
  readonly run: BootstrapRecovery;
  readonly target: RecoveryTarget | undefined;
}

/**
 * The present state of a run and its target, from the API server: a cache is never enough to justify a side
 * effect. Undefined when the run is gone; a namesake created in between comes with its own event.
 *
 * Of a run that is being deleted, a target that may not be read counts as gone: a namespace that is deleted
 * loses its Role and its Secrets too, and must not wait for a lock that nothing can give back any more.
 */
export async function gatherFacts(
  client: APIClient,
  { metadata, spec }: BootstrapRecovery,
  { clock, installation }: { readonly clock: Clock; readonly installation: string },
  signal: AbortSignal,
): Promise<CurrentFacts | undefined> {
  const { namespace, name, uid } = metadata;
  const targetKey = { namespace, name: spec.targetRef.name };
  const readTarget = findObject<RecoveryTarget>(client, recoveryTargets, targetKey, signal);
  const [run, target, refused] = await Promise.all([
    findObject<BootstrapRecovery>(client, bootstrapRecoveries, { namespace, name }, signal),
    readTarget.catch(absentWhenForbidden),
    readTarget.then(
      () => undefined,
      (error: unknown) => error,
    ),
  ]);
  if (run?.metadata.uid !== uid) {
    return undefined;
  }
  if (refused !== undefined && run.metadata.deletionTimestamp === undefined) {
    throw refused;
  }
  const usable = target?.metadata.deletionTimestamp === undefined ? target : undefined;
  return { run, target: usable, now: clock.now(), installation };
}

function absentWhenForbidden(error: unknown): undefined {
  if (!isForbidden(error)) {
    throw error;
  }
}
