import type {
  BootstrapRecovery,
  BootstrapRecoveryManifestSpec,
} from '../../api/bootstraprecovery.generated.ts';
import { apiVersion, bootstrapRecoveries } from '../../api/resources.ts';
import type { Resource } from '../../kube/client/resource.ts';
import type { ClusterConnection } from './connection.ts';

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;

/**
 * Creates a run.
 *
 * @param name its name, or what the API server adds five characters to
 * @param spec what is left out has the schema's default
 * @param options.dryRun validated and admitted as a real one would be, and not stored
 * @throws what the API client throws
 */
export function createRun(
  { api, namespace }: ClusterConnection,
  name: { readonly name: string } | { readonly generateName: string },
  spec: BootstrapRecoveryManifestSpec,
  options: { readonly signal: AbortSignal; readonly dryRun?: boolean },
): Promise<BootstrapRecovery> {
  return api.create(
    runs,
    { apiVersion, kind: bootstrapRecoveries.kind, metadata: { namespace, ...name }, spec },
    { ...options, fieldManager: 'kubectl-tuf-recovery' },
  );
}
