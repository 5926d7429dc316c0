import type { BootstrapRecovery, BootstrapRecoveryManifest } from '../../api/bootstraprecovery.generated.ts';
import { apiVersion } from '../../api/resources.ts';
import type { AppRef, RecoveryOrder, Started } from './recoveries.ts';
import { idempotencyLabel, originLabel, requestAnnotation } from './run-cache.ts';
import { isFinished } from './run-conditions.ts';
import { keyLabelValue } from './run-name.ts';

/** One attempt to start what was ordered. */
export interface Attempt {
  readonly order: RecoveryOrder;
  /** Tells the run this attempt created from one that another created. */
  readonly id: string;
  /** Aborts when the attempt has taken too long. */
  readonly signal: AbortSignal;
}

/** What it means for an attempt that this run is there; undefined: nothing. */
export function met({ order, id }: Attempt, run: BootstrapRecovery): Started | undefined {
  if (run.metadata.annotations?.[requestAnnotation] === id) {
    return { kind: 'created', run };
  }
  const label = keyLabel(order);
  if (label !== undefined && run.metadata.labels?.[idempotencyLabel] === label) {
    return isOf(order, run) ? { kind: 'repeated', run } : { kind: 'keyReused' };
  }
  return isFinished(run) ? undefined : { kind: 'inProgress' };
}

/** The run an attempt creates. */
export function runManifest(
  { order, id }: Attempt,
  name: string,
  ttlSecondsAfterFinished: number,
): BootstrapRecoveryManifest {
  const { tenant, admin, appName, timeoutSeconds } = order;
  const label = keyLabel(order);
  return {
    apiVersion,
    kind: 'BootstrapRecovery',
    metadata: {
      name,
      namespace: tenant.namespace,
      annotations: { [requestAnnotation]: id },
      labels: { [originLabel]: 'http', ...(label !== undefined && { [idempotencyLabel]: label }) },
    },
    spec: {
      targetRef: { name: tenant.target },
      adminName: admin,
      appName,
      timeoutSeconds,
      ttlSecondsAfterFinished,
    },
  };
}

/** Value of the idempotency label of an order; undefined when it came without a key. */
export function keyLabel({ admin, idempotencyKey }: RecoveryOrder): string | undefined {
  return idempotencyKey === undefined ? undefined : keyLabelValue(admin, idempotencyKey);
}

function isOf({ tenant, admin, appName }: AppRef, { metadata, spec }: BootstrapRecovery): boolean {
  return (
    metadata.namespace === tenant.namespace &&
    spec.targetRef.name === tenant.target &&
    spec.adminName === admin &&
    spec.appName === appName
  );
}
