import type { BootstrapRecovery, BootstrapRecoveryManifest } from '../../api/bootstraprecovery.generated.ts';
import { apiVersion } from '../../api/resources.ts';
import type { AppRef, RecoveryRequest, StartedRecovery } from './recoveries.ts';
import { idempotencyLabel, originLabel, requestIDAnnotation } from './run-cache.ts';
import { isFinished } from './run-conditions.ts';
import { keyLabelValue } from './run-name.ts';

/** The creation of the run of one request, while it is under way. */
export interface RunCreation {
  readonly request: RecoveryRequest;
  /** Tells the run this request created from one that another created. */
  readonly requestID: string;
  /** Aborts when the creation has taken too long. */
  readonly signal: AbortSignal;
}

/** What a run that exists makes of the request; undefined when the request can go on. */
export function startedFrom(
  { request, requestID }: RunCreation,
  run: BootstrapRecovery,
): StartedRecovery | undefined {
  if (run.metadata.annotations?.[requestIDAnnotation] === requestID) {
    return { kind: 'created', run };
  }
  const label = idempotencyLabelValue(request);
  if (label !== undefined && run.metadata.labels?.[idempotencyLabel] === label) {
    return isOf(request, run) ? { kind: 'repeated', run } : { kind: 'keyReused' };
  }
  return isFinished(run) ? undefined : { kind: 'inProgress' };
}

/** The run a request creates. */
export function runManifest(
  { request, requestID }: RunCreation,
  name: string,
  ttlSecondsAfterFinished: number,
): BootstrapRecoveryManifest {
  const { tenant, admin, appName, timeoutSeconds } = request;
  const label = idempotencyLabelValue(request);
  return {
    apiVersion,
    kind: 'BootstrapRecovery',
    metadata: {
      name,
      namespace: tenant.namespace,
      annotations: { [requestIDAnnotation]: requestID },
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

/** Value of the idempotency label of a request; undefined when it came without a key. */
export function idempotencyLabelValue({ admin, idempotencyKey }: RecoveryRequest): string | undefined {
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
