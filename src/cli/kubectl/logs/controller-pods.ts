import type { APIClient } from '../../../kube/client/api-client.ts';
import type { KubernetesObject } from '../../../kube/client/object.ts';
import type { Resource } from '../../../kube/client/resource.ts';
import { podResource } from '../../../kube/logs/pod-log.ts';
import { controllerSelector, deployments } from '../version/installed.ts';

/** What is read of a Pod. */
interface Pod extends KubernetesObject {
  readonly status?: { readonly phase?: string };
}

const pods: Resource<Pod> = podResource;

/** A pod of a controller. */
export interface ControllerPod {
  readonly namespace: string;
  readonly name: string;
  /** Tells it from a later pod of the same name. */
  readonly uid: string;
}

/** The container of the chart and of deploy/install.yaml; sidecars have other names. */
export const controllerContainer = 'controller';

/**
 * The pods of every controller, also those that have ended, sorted by name. None that has not started: it has
 * no log.
 *
 * @param namespace where the controllers are; undefined: anywhere
 */
export async function findControllerPods(
  api: APIClient,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly ControllerPod[]> {
  const { items } = await api.list(deployments, { namespace, labelSelector: controllerSelector, signal });
  const lists = await Promise.all(
    items.map(({ metadata, spec }) =>
      api.list(pods, {
        namespace: metadata.namespace,
        labelSelector: selectorText(spec.selector.matchLabels ?? {}),
        signal,
      }),
    ),
  );
  return lists
    .flatMap((list) => list.items)
    .filter(({ status }) => status?.phase !== 'Pending')
    .map(({ metadata }) => ({
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      uid: metadata.uid,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
