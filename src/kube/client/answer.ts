import { ConnectionError } from './connection-error.ts';
import type { KubernetesObject } from './object.ts';
import { apiVersionOf, type Resource } from './resource.ts';

/** One page of a list. */
export interface ListPage<T> {
  readonly resourceVersion: string;
  /** Token of the next page; undefined on the last. */
  readonly next: string | undefined;
  readonly items: readonly T[];
}

/**
 * The border between JSON and types: an answer is an object of the resource asked for, or it is `Malformed`.
 * Its fields are not checked again: the API server validated them against the resource's schema when it
 * stored them.
 */
export function toObject<T extends KubernetesObject>(resource: Resource<T>, body: unknown): T {
  if (isRecord(body) && body['kind'] === resource.kind && body['apiVersion'] === apiVersionOf(resource)) {
    // Reviews carry no metadata; everything stored does.
    return { ...body, metadata: isRecord(body['metadata']) ? body['metadata'] : {} } as unknown as T;
  }
  throw new ConnectionError('Malformed', `the answer is not a ${apiVersionOf(resource)} ${resource.kind}`);
}

/** The border for lists. Items of built-in kinds come without apiVersion and kind, so those are filled in. */
export function toPage<T extends KubernetesObject>(resource: Resource<T>, body: unknown): ListPage<T> {
  const metadata = isRecord(body) ? body['metadata'] : undefined;
  const items = isRecord(body) ? (body['items'] ?? []) : undefined;
  if (!isRecord(metadata) || typeof metadata['resourceVersion'] !== 'string' || !Array.isArray(items)) {
    throw new ConnectionError(
      'Malformed',
      `the answer is not a list of ${apiVersionOf(resource)} ${resource.plural}`,
    );
  }
  const token = metadata['continue'];
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  return {
    resourceVersion: metadata['resourceVersion'],
    next: typeof token === 'string' && token !== '' ? token : undefined,
    items: items.filter(isRecord).map((item) => ({ ...type, ...item }) as unknown as T),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
