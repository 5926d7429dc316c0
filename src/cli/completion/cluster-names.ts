import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import {
  bootstrapRecoveries,
  bootstrapStates,
  recoveryPolicies,
  recoveryTargets,
} from '../../api/resources.ts';
import type { Resource } from '../../kube/client/resource.ts';
import { formatAppName } from '../kubectl/app-name.ts';
import { connectToCluster } from '../kubectl/connection.ts';
import { succeededOf } from '../kubectl/run-result.ts';
import type { Candidate, ClusterNameKind, Completion } from './candidates.ts';

/** A person who pressed Tab does not wait longer. */
const timeoutMs = 2_000;
/** A shell shows no more. */
const mostNames = 500;

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;
const states: Resource<BootstrapState> = bootstrapStates;

/** Names in the cluster that the flags typed so far name; none when it does not answer or refuses. */
export async function namesInCluster(
  names: ClusterNameKind,
  { cluster }: Pick<Completion, 'cluster'>,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  try {
    await using connection = connectToCluster(cluster);
    const { api, namespace } = connection;
    const options = { namespace, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) };
    const list = async (): Promise<readonly Candidate[]> => {
      switch (names) {
        case 'runs':
          return (await api.list(runs, options)).items.map((run) => ({
            value: run.metadata.name,
            description: `${formatAppName(run.spec)}, ${succeededOf(run)?.reason ?? 'Pending'}`,
          }));
        case 'apps':
          return (await api.list(states, options)).items.map(({ spec, status }) => ({
            value: formatAppName(spec),
            description: status.state ?? '',
          }));
        case 'targets':
          return (await api.list(recoveryTargets as Resource, options)).items.map(named);
        case 'policies':
          return (await api.list(recoveryPolicies as Resource, options)).items.map(named);
      }
    };
    return (await list()).slice(0, mostNames);
  } catch {
    // There is no place for an error on a half-typed line.
    return [];
  }
}

function named({ metadata }: { readonly metadata: { readonly name: string } }): Candidate {
  return { value: metadata.name, description: '' };
}
