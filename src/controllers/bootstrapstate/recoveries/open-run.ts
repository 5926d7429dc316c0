import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import { bootstrapRecoveries } from '../../../api/resources.ts';
import type { Store } from '../../../kube/cache/store.ts';
import type { APIClient } from '../../../kube/client/api-client.ts';
import { findObject } from '../../../kube/client/find-object.ts';
import { openRecovery, type RunState, runState } from './records.ts';
import { isOwnedBy } from './recovery-run.ts';

/**
 * How the run of the open recovery of an app stands, by its name; empty when no recovery is open. The cache
 * says how a run is, but not that there is none: only the API server can.
 *
 * @throws {APIError} when the API server does not answer
 */
export async function openRunOf(
  { runs, client }: { readonly runs: Store<BootstrapRecovery>; readonly client: APIClient },
  { metadata, status }: Pick<BootstrapState, 'metadata' | 'status'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RunState>> {
  const open = openRecovery(status);
  if (open === undefined) {
    return new Map();
  }
  const key = { namespace: metadata.namespace, name: open.name };
  const run =
    runs.get(key) ?? (await findObject<BootstrapRecovery>(client, bootstrapRecoveries, key, signal));
  // A run of that name with another owner will never be ours.
  const found = run === undefined ? 'Absent' : isOwnedBy(run, open.policy) ? runState(run) : 'Failed';
  return new Map([[open.name, found]]);
}
