import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import {
  bootstrapRecoveries,
  bootstrapStates,
  recoveryPolicies,
  recoveryTargets,
} from '../../api/resources.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import type { CallOptions, ObjectSelector } from '../../kube/client/call-options.ts';
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

type Lister = (api: APIClient, options: ObjectSelector & CallOptions) => Promise<readonly Candidate[]>;

const listRuns: Lister = async (api, options) =>
  (await api.list(runs, options)).items.map((run) => ({
    value: run.metadata.name,
    description: `${formatAppName(run.spec)}, ${succeededOf(run)?.reason ?? 'Pending'}`,
  }));

const listApps: Lister = async (api, options) =>
  (await api.list(states, options)).items.map(({ spec, status }) => ({
    value: formatAppName(spec),
    description: status.state ?? '',
  }));

const listers: Readonly<Record<ClusterNameKind, Lister>> = {
  runs: listRuns,
  apps: listApps,
  runsAndApps: async (...args) => (await Promise.all([listRuns(...args), listApps(...args)])).flat(),
  targets: async (api, options) => (await api.list(recoveryTargets as Resource, options)).items.map(named),
  policies: async (api, options) => (await api.list(recoveryPolicies as Resource, options)).items.map(named),
};

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
    return (await listers[names](api, options)).slice(0, mostNames);
  } catch {
    // There is no place for an error on a half-typed line.
    return [];
  }
}

function named({ metadata }: { readonly metadata: { readonly name: string } }): Candidate {
  return { value: metadata.name, description: '' };
}
