import type { APIClient } from './api-client.ts';
import type { CallOptions } from './call-options.ts';
import type { KubernetesObject } from './object.ts';
import type { Resource } from './resource.ts';

/** Whether deleting the object waits for `finalizer`. */
export function hasFinalizer({ metadata }: Pick<KubernetesObject, 'metadata'>, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) ?? false;
}

/** Holds back the deletion of `object` until {@link removeFinalizer}. No call when it is there already. */
export function addFinalizer<T extends KubernetesObject>(
  client: APIClient,
  resource: Resource<T>,
  object: T,
  finalizer: string,
  options: CallOptions = {},
): Promise<T> {
  return hasFinalizer(object, finalizer)
    ? Promise.resolve(object)
    : write(client, resource, object, [...(object.metadata.finalizers ?? []), finalizer], options);
}

/** Lets the deletion of `object` go on. No call when it is gone already. */
export function removeFinalizer<T extends KubernetesObject>(
  client: APIClient,
  resource: Resource<T>,
  object: T,
  finalizer: string,
  options: CallOptions = {},
): Promise<T> {
  const present = object.metadata.finalizers ?? [];
  const others = present.filter((each) => each !== finalizer);
  return others.length === present.length
    ? Promise.resolve(object)
    : write(client, resource, object, others, options);
}

function write<T extends KubernetesObject>(
  client: APIClient,
  resource: Resource<T>,
  object: T,
  finalizers: readonly string[],
  options: CallOptions,
): Promise<T> {
  // A merge patch replaces the whole list; the resourceVersion keeps it from undoing another writer's entry
  // (Conflict).
  const { resourceVersion } = object.metadata;
  const body = { metadata: { finalizers, resourceVersion } };
  return client.patch(resource, object.metadata, { type: 'merge', body }, options);
}
