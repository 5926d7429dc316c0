import type { BootstrapRecovery } from '../../../src/api/bootstraprecovery.generated.ts';
import { runConditions } from '../../../src/api/conditions.ts';
import type { SucceededReason } from '../../../src/api/reasons.ts';
import type { RecoveryTarget } from '../../../src/api/recoverytarget.generated.ts';
import { apiVersion } from '../../../src/api/resources.ts';

/** What a test says about a run; the rest is as the API server fills it in. */
export interface RunParts {
  readonly metadata?: Partial<BootstrapRecovery['metadata']>;
  readonly spec?: Partial<BootstrapRecovery['spec']>;
  readonly status?: Partial<BootstrapRecovery['status']>;
}

/** A run as the API server returns it. */
export function runManifest({ metadata, spec, status }: RunParts = {}): BootstrapRecovery {
  return {
    apiVersion,
    kind: 'BootstrapRecovery',
    metadata: {
      name: 'run',
      namespace: 'prod',
      uid: '7b1f6f3e-2f51-4b8c-9b1d-3d3f3b1c0a11',
      resourceVersion: '1',
      generation: 1,
      ...metadata,
    },
    spec: {
      targetRef: { name: 'default' },
      adminName: 'alice',
      appName: 'tuf',
      mode: 'Recover',
      strategy: 'IfNeeded',
      timeoutSeconds: 300,
      backoffLimit: 3,
      approval: 'Automatic',
      uncertainValues: 'Apply',
      refresh: 'Never',
      suspend: false,
      cancel: false,
      ...spec,
    },
    status: { observedGeneration: -1, ...status },
  };
}

/** A target as the API server returns it. */
export function targetManifest(spec: Partial<RecoveryTarget['spec']> = {}): RecoveryTarget {
  return {
    apiVersion,
    kind: 'RecoveryTarget',
    metadata: { name: 'default', namespace: 'prod', uid: 'target', resourceVersion: '1', generation: 1 },
    spec: {
      redis: { address: 'redis:6379', db: 0, minReplicas: 0 },
      storage: {
        bucket: 'updates',
        prefix: 'tuf_metadata',
        region: 'us-east-1',
        forcePathStyle: true,
        ambient: true,
        concurrency: 32,
      },
      trust: { onFirstUse: true },
      accessMode: 'ReadWrite',
      validationIntervalSeconds: 300,
      suspend: false,
      ...spec,
    },
    status: { observedGeneration: -1 },
  };
}

/** The conditions of a run that stands there. */
export function conditions(reason: SucceededReason) {
  const verdict = { reason, message: 'because' };
  return runConditions(
    {
      succeeded: verdict,
      accepted: undefined,
      trustVerified: { reason: 'MetadataVerified', message: '' },
      stateVerified: { reason: 'Consistent', message: '' },
    },
    [],
    1,
    new Date(0),
  );
}

/** A well-formed digest of a plan. */
export function digest(character: string): string {
  return `sha256:${character.repeat(64)}`;
}
