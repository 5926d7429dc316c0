import type { KubernetesObject } from './object.ts';
import type { Resource } from './resource.ts';

/** A Secret or ConfigMap. A Secret's `data` and the binary data of both kinds are base64. */
export interface SecretOrConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export const secrets: Resource<SecretOrConfigMap> = {
  group: '',
  version: 'v1',
  plural: 'secrets',
  kind: 'Secret',
  namespaced: true,
};

export const configMaps: Resource<SecretOrConfigMap> = {
  ...secrets,
  plural: 'configmaps',
  kind: 'ConfigMap',
};
