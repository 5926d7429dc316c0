import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { bootstrapRecoveries, recoveryPolicies, recoveryTargets } from '../../api/resources.ts';
import type { Clock } from '../../async/clock.ts';
import type { Store } from '../../kube/cache/store.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import { find } from '../bootstraprecovery/facts.ts';
import { isOwnedBy } from './child.ts';
import type { PolicyFacts } from './decide.ts';
import { childState } from './history.ts';
import { type ChildState, openRecovery } from './pending-recoveries.ts';

/** Facts from the API server itself, whole objects. */
export interface LivePolicyFacts extends PolicyFacts {
  readonly policy: RecoveryPolicy;
  readonly target: RecoveryTarget | undefined;
  /** The policy's runs as the cache shows them. */
  readonly runs: readonly BootstrapRecovery[];
  /** What is known of the runs of orders that stand open, by name. */
  readonly children: ReadonlyMap<string, ChildState>;
}

/** Name of the index under which the cache files runs by the uid of their owner. */
export const ownerIndex = 'owner';

/** The uids of what owns a run. */
export function ownersOf({ metadata }: BootstrapRecovery): readonly string[] {
  return (metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

/**
 * The present state of a policy, its target and its runs; undefined when the policy is gone or going. The cache says how runs stand,
 * but not that there is none: only the API server can.
 */
export async function gatherPolicyFacts(
  client: APIClient,
  runs: Store<BootstrapRecovery>,
  key: ObjectKey,
  clock: Clock,
  signal: AbortSignal,
): Promise<LivePolicyFacts | undefined> {
  const policy = await find<RecoveryPolicy>(client, recoveryPolicies, key, signal);
  if (policy === undefined || policy.metadata.deletionTimestamp !== undefined) {
    return undefined;
  }
  const { namespace, uid } = policy.metadata;
  const targetKey = { namespace, name: policy.spec.targetRef.name };
  const target = await find<RecoveryTarget>(client, recoveryTargets, targetKey, signal);
  const owned = runs.byIndex(ownerIndex, uid);
  const children = new Map<string, ChildState>();
  for (const open of (policy.status.apps ?? []).flatMap((entry) => openRecovery(entry) ?? [])) {
    const cached = owned.find(({ metadata }) => metadata.name === open.name);
    const run =
      cached ??
      (await find<BootstrapRecovery>(client, bootstrapRecoveries, { namespace, name: open.name }, signal));
    // A run of that name that somebody else made will never be ours.
    const state = run === undefined ? 'Absent' : isOwnedBy(run, uid) ? childState(run) : 'Failed';
    children.set(open.name, state);
  }
  const usable = target?.metadata.deletionTimestamp === undefined ? target : undefined;
  return { policy, target: usable, runs: owned, children, now: clock.now() };
}
