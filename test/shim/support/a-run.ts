import type { BootstrapRecovery } from '../../../src/api/bootstraprecovery.generated.ts';
import type { Condition } from '../../../src/api/condition.ts';
import { runManifest } from '../../controllers/support/objects.ts';

/** A run as the API server returns it, with those conditions. */
export function aRun(
  conditions: readonly Condition[],
  metadata: Partial<BootstrapRecovery['metadata']> = {},
): BootstrapRecovery {
  return runManifest({
    metadata: {
      name: 'deleg-1',
      namespace: 'faynosync',
      uid: '0a4c2d52-8f0e-4f8e-9a35-6d4f1f0f6a11',
      resourceVersion: '7',
      creationTimestamp: '2026-11-23T09:00:00Z',
      ...metadata,
    },
    spec: { appName: 'deleg' },
    status: { observedGeneration: 1, conditions },
  });
}
