import type { APIClient } from './api-client.ts';
import { isNotFound } from './api-error.ts';
import type { KubernetesObject } from './object.ts';
import type { ObjectKey } from './object-key.ts';
import type { Resource } from './resource.ts';

/** The object under `key`, from the API server; undefined when there is none. */
export async function findObject<T extends KubernetesObject>(
  client: APIClient,
  resource: Resource<T>,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<T | undefined> {
  try {
    return await client.get(resource, key, { signal });
  } catch (error) {
    if (isNotFound(error)) {
      return undefined;
    }
    throw error;
  }
}
