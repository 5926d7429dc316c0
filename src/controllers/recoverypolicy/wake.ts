import { isDeepStrictEqual } from 'node:util';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { recoveryPolicies } from '../../api/resources.ts';
import { lacksReference } from '../../api/target-conditions.ts';
import type { StoreEvent } from '../../kube/cache/store.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';

/**
 * Our own writes of the status are no reason to look again: only new objects, new specs and the beginning of
 * a deletion are, which may last as long as a finalizer holds it.
 */
export function policyChanged(event: StoreEvent<RecoveryPolicy>): boolean {
  return event.type !== 'updated' || specOrDeletionChanged(event);
}

/**
 * Of a target its policies and apps want to know where it points, whether it is there at all, and that a
 * Secret or ConfigMap has come that it lacked.
 */
export function targetConcernsGuard(event: StoreEvent<RecoveryTarget>): boolean {
  return (
    event.type !== 'updated' ||
    specOrDeletionChanged(event) ||
    (lacksReference(event.previous.status.conditions) && !lacksReference(event.object.status.conditions))
  );
}

function specOrDeletionChanged({
  object,
  previous,
}: Pick<StoreEvent<RecoveryPolicy | RecoveryTarget> & { readonly type: 'updated' }, 'object' | 'previous'>) {
  return (
    !isDeepStrictEqual(object.spec, previous.spec) ||
    object.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp
  );
}

/** Of an app its policies sum up what its status says. */
export function stateConcernsPolicies(event: StoreEvent<BootstrapState>): boolean {
  return event.type !== 'updated' || !isDeepStrictEqual(summaryOf(event.object), summaryOf(event.previous));
}

/** The policies that own a run; their history may have to shrink. */
export function ownerPolicies({ metadata }: BootstrapRecovery): readonly ObjectKey[] {
  return (metadata.ownerReferences ?? [])
    .filter(({ kind }) => kind === recoveryPolicies.kind)
    .map(({ name }) => ({ namespace: metadata.namespace, name }));
}

function summaryOf({ status }: BootstrapState): unknown {
  const { state, conditions, lastVerificationTime, policyRevision, recoveries, lossDetectedTime } = status;
  return { state, conditions, lastVerificationTime, policyRevision, recoveries, lossDetectedTime };
}
