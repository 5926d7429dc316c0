import type { Condition } from '../../../api/condition.ts';
import {
  bootstrapRecoveries,
  bootstrapStates,
  group,
  recoveryPolicies,
  recoveryTargets,
} from '../../../api/resources.ts';
import type { KubernetesObject } from '../../../kube/client/object.ts';
import type { Resource } from '../../../kube/client/resource.ts';

/** What is read of a Deployment. The API server refuses one without containers. */
export interface Deployment extends KubernetesObject {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly image?: string; readonly args?: readonly string[] }[];
      };
    };
  };
  readonly status?: { readonly availableReplicas?: number };
}

/** What is read of a CustomResourceDefinition. */
export interface CustomResourceDefinition extends KubernetesObject {
  readonly spec: { readonly versions: readonly { readonly name: string; readonly served: boolean }[] };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** How the API server addresses Deployments. */
export const deployments: Resource<Deployment> = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};

/** How the API server addresses CRDs. */
export const customResourceDefinitions: Resource<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** Labels of the controllers of chart and deploy/install.yaml, and of the Lease of every controller. */
export const controllerLabels = {
  'app.kubernetes.io/part-of': 'tuf-recovery-operator',
  'app.kubernetes.io/component': 'controller',
} as const;

/** Selects what has {@link controllerLabels}. */
export const controllerSelector = selectorOf(controllerLabels);

/** Selects the shims of the chart. */
export const shimSelector = selectorOf({ ...controllerLabels, 'app.kubernetes.io/component': 'shim' });

function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}

/** The Lease that a controller is configured with: the chart gives it the name of the Deployment. */
export function leaseNameOf({ metadata, spec }: Deployment): string {
  const args = spec.template.spec.containers.flatMap((each) => each.args ?? []);
  const given = args.find((arg) => arg.startsWith('--lease-name='));
  return given?.slice('--lease-name='.length) ?? metadata.name;
}

/** Names of the project's CRDs. */
export const crdNames: readonly string[] = [
  bootstrapRecoveries,
  bootstrapStates,
  recoveryPolicies,
  recoveryTargets,
].map(({ plural }) => `${plural}.${group}`);
