import type { BootstrapRecovery, BootstrapRecoverySpec } from '../../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import type { RecoveryPolicy } from '../../../api/recoverypolicy.generated.ts';
import { apiVersion, policyLabel, stateLabel } from '../../../api/resources.ts';
import { controllerReference, type Manifest } from '../../../kube/client/object.ts';
import type { App } from '../../../recovery/request.ts';

/** A run on its way to the API server. */
export interface RunManifest extends Manifest {
  readonly spec: BootstrapRecoverySpec;
}

/**
 * The run that repairs an app, as the policy's template wants it. The policy owns it, so it is deleted with
 * the policy.
 */
export function recoveryOf(policy: RecoveryPolicy, state: BootstrapState, name: string): RunManifest {
  const { namespace, name: owner } = policy.metadata;
  return {
    apiVersion,
    kind: 'BootstrapRecovery',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: { [policyLabel]: owner, [stateLabel]: state.metadata.name },
      ownerReferences: [controllerReference(policy)],
    },
    spec: specOf(policy, state.spec),
  };
}

/** The same run as a mere verification, never stored: it judges exactly as the recovery would. */
export function verificationOf(policy: RecoveryPolicy, app: App, taskID: string): BootstrapRecovery {
  return {
    apiVersion,
    kind: 'BootstrapRecovery',
    metadata: { name: policy.metadata.name, uid: taskID, resourceVersion: '' },
    spec: { ...specOf(policy, app), mode: 'Verify', approval: 'Automatic' },
    status: { observedGeneration: -1 },
  };
}

/** Whether a policy of that name made this run. */
export function isOwnedBy({ metadata }: Pick<BootstrapRecovery, 'metadata'>, policyName: string): boolean {
  return (
    metadata.ownerReferences?.some(({ kind, name }) => kind === 'RecoveryPolicy' && name === policyName) ??
    false
  );
}

function specOf({ spec }: RecoveryPolicy, { adminName, appName }: App): BootstrapRecoverySpec {
  const { targetRef, recoveryTemplate } = spec;
  return {
    targetRef,
    adminName,
    appName,
    mode: 'Recover',
    strategy: 'IfNeeded',
    refresh: 'Never',
    suspend: false,
    cancel: false,
    ...recoveryTemplate,
  };
}
