import { isDeepStrictEqual } from 'node:util';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { recoveryPolicies } from '../../api/resources.ts';
import type { StoreEvent } from '../../kube/cache/store.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';

/** Our own writes of the status are no reason to look again: only new objects and new specs are. */
export function policyChanged(event: StoreEvent<RecoveryPolicy>): boolean {
  return event.type !== 'updated' || !isDeepStrictEqual(event.object.spec, event.previous.spec);
}

/** Of a target its policies want to know where it points and which apps it has found. */
export function targetConcernsPolicies(event: StoreEvent<RecoveryTarget>): boolean {
  if (event.type !== 'updated') {
    return true;
  }
  const { object, previous } = event;
  return (
    !isDeepStrictEqual(object.spec, previous.spec) ||
    !isDeepStrictEqual(object.status.apps, previous.status.apps)
  );
}

/** The policies that own a run; they follow how it goes. */
export function ownerPolicies({ metadata }: BootstrapRecovery): readonly ObjectKey[] {
  return (metadata.ownerReferences ?? [])
    .filter(({ kind }) => kind === recoveryPolicies.kind)
    .map(({ name }) => ({ namespace: metadata.namespace, name }));
}
