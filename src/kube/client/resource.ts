import type { KubernetesObject } from './object.ts';

/** One kind the API server serves: all a client needs to know to address it. */
export interface Resource<T extends KubernetesObject = KubernetesObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower-case plural, as in the URL and in RBAC rules. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: ties the descriptor to its TypeScript type, so that a call infers what it returns. */
  readonly object?: T;
}

/** Which part of a resource a URL names. */
export interface ResourcePath {
  /** Left out for cluster-scoped kinds, and to address all namespaces at once. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** `group/version`, or `version` alone for the core group. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** The URL path of a collection, an object or a subresource. */
export function resourcePath(resource: Resource, path: ResourcePath = {}): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const segments = [root, ...apiVersionOf(resource).split('/')];
  if (resource.namespaced && path.namespace !== undefined) {
    segments.push('namespaces', encodeURIComponent(path.namespace));
  }
  segments.push(resource.plural);
  if (path.name !== undefined) {
    segments.push(encodeURIComponent(path.name));
  }
  if (path.subresource !== undefined) {
    segments.push(path.subresource);
  }
  return segments.join('/');
}

/** The resource in metrics and logs: `plural.group`, or `plural` for the core group. */
export function resourceName({ plural, group }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}
