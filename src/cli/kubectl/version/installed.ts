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
interface Deployment extends KubernetesObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly image?: string }[] } };
  };
}

/** What is read of a CustomResourceDefinition. */
interface CustomResourceDefinition extends KubernetesObject {
  readonly spec: { readonly versions: readonly { readonly name: string; readonly served: boolean }[] };
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

/** Selects the controllers of the chart and of deploy/install.yaml. */
export const controllerLabels =
  'app.kubernetes.io/part-of=tuf-recovery-operator,app.kubernetes.io/component=controller';

/** Names of the project's CRDs. */
export const crdNames: readonly string[] = [
  bootstrapRecoveries,
  bootstrapStates,
  recoveryPolicies,
  recoveryTargets,
].map(({ plural }) => `${plural}.${group}`);
