import { fieldManager } from '../../api/resources.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { isAlreadyExists, isConflict } from '../../kube/client/api-error.ts';
import type { CallOptions } from '../../kube/client/call-options.ts';
import { controllerReference, type KubernetesObject } from '../../kube/client/object.ts';
import { configMaps, type SecretOrConfigMap } from '../../kube/client/secret-or-config-map.ts';

/** Most bytes of data that go into one ConfigMap: the API server takes 1 MiB, names and all. */
export const maxConfigMapBytes = 1_000_000;

/** A ConfigMap to write for an owner, in the owner's namespace. */
export interface OwnedConfigMap {
  /** One that carries the uid of the owner: {@link ownedName}. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** At most {@link maxConfigMapBytes} in all. */
  readonly data: Readonly<Record<string, string>>;
}

/** A ConfigMap of the name is there and belongs to something else: it is neither overwritten nor adopted. */
export class NotOwnedError extends Error {
  /** @param name `namespace/name` */
  constructor(name: string, options?: ErrorOptions) {
    super(
      `ConfigMap ${name} exists and is not owned by this object, so it is left alone. Delete or rename it.`,
      options,
    );
    this.name = 'NotOwnedError';
  }
}

/**
 * A name that carries the uid of the owner: objects with guessable names could be put in its way, and a
 * namesake of the owner must not take over what the former one left.
 */
export function ownedName(owner: KubernetesObject, purpose: string): string {
  return `${owner.metadata.name}-${owner.metadata.uid.slice(0, 13)}-${purpose}`;
}

/**
 * Writes a ConfigMap that `owner` owns and that goes with it. Creates first, so that only one that carries
 * the owner's uid is ever written over.
 *
 * @throws {NotOwnedError} when one of that name belongs to something else, or what the API client throws
 */
export async function writeOwnedConfigMap(
  client: APIClient,
  owner: KubernetesObject,
  { name, labels, data }: OwnedConfigMap,
  options: CallOptions = {},
): Promise<void> {
  const { namespace } = owner.metadata;
  const metadata = { name, namespace, labels, ownerReferences: [controllerReference(owner)] };
  const { kind } = configMaps;
  try {
    const { namespace: _, ...rest } = metadata;
    const created = { apiVersion: 'v1', kind, data, metadata: { ...rest, ...(namespace && { namespace }) } };
    await client.create<SecretOrConfigMap, typeof created>(configMaps, created, { fieldManager, ...options });
    return;
  } catch (error) {
    if (!isAlreadyExists(error)) {
      throw error;
    }
  }
  const present = await client.get(configMaps, { namespace, name }, options);
  const isOwned = present.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false;
  if (!isOwned) {
    throw new NotOwnedError(`${namespace}/${name}`);
  }
  // Bound to what was just read: it can't have become another one's in between.
  const { resourceVersion } = present.metadata;
  const applied = { metadata: { ...metadata, resourceVersion }, data };
  try {
    await client.apply(configMaps, applied, { fieldManager, force: true, ...options });
  } catch (error) {
    throw isConflict(error) ? new NotOwnedError(`${namespace}/${name}`, { cause: error }) : error;
  }
}
