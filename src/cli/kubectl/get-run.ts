import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries } from '../../api/resources.ts';
import { TerminalError } from '../../errors.ts';
import { APIError } from '../../kube/client/api-error.ts';
import type { Resource } from '../../kube/client/resource.ts';
import type { ClusterConnection } from './connection.ts';

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;

/**
 * The run of that name in the connection's namespace.
 *
 * @throws {TerminalError} `NotFound`, with the command that finds it.
 */
export async function getRun(
  { api, namespace }: ClusterConnection,
  name: string,
  signal: AbortSignal,
): Promise<BootstrapRecovery> {
  try {
    return await api.get(runs, { namespace, name }, { signal });
  } catch (cause) {
    // A missing resource type is a 404 as well, with another reason: that one speaks for itself.
    if (!(cause instanceof APIError && cause.reason === 'NotFound' && cause.message.includes(`"${name}"`))) {
      throw cause;
    }
    throw new TerminalError(
      'NotFound',
      `There is no BootstrapRecovery "${name}" in namespace "${namespace}". All there are: kubectl tuf-recovery status -A`,
      { cause },
    );
  }
}
