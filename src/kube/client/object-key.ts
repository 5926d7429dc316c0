import type { ObjectMeta } from './object.ts';

/** Names one object of a kind. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/**
 * `namespace/name`, or `name` for cluster-scoped objects: the form queues and stores use (client-go's
 * MetaNamespaceKey).
 */
export function formatObjectKey(key: Pick<ObjectMeta, 'namespace' | 'name'> | ObjectKey): string {
  return key.namespace ? `${key.namespace}/${key.name}` : key.name;
}

/** Reverses {@link formatObjectKey}. Neither part of a valid key holds a slash. */
export function parseObjectKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
