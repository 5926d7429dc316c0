import { toPage } from './answer.ts';
import { isExpired } from './api-error.ts';
import type { ListOptions, ObjectList } from './call-options.ts';
import { ConnectionError } from './connection-error.ts';
import type { KubernetesObject } from './object.ts';
import { type Resource, resourcePath } from './resource.ts';
import type { Transport } from './transport.ts';
import type { APIRequest } from './wire.ts';

/** client-go's page size. */
const defaultPageSize = 500;
/** A page of more bytes is asked for again with fewer objects: 500 of them may have 750 MB. */
const maxPageBytes = 4 * 1024 * 1024;
/** Of a page of one object; etcd refuses one of more than 1.5 MiB unless it is configured otherwise. */
const maxObjectBytes = 32 * 1024 * 1024;
/** By how much a page is made smaller when it has too many bytes, and larger again when it has few. */
const step = 4;
/** How often a list is made whose page tokens expire on the way. */
const maxLists = 3;

/**
 * Every object of a selection, page by page. How many objects a page has depends on how large they are, so
 * that memory is bounded by what is kept of a list and not by what is sent. A page token that expires on the
 * way starts over: what was read so far belongs to a state the server has forgotten.
 *
 * @param timeoutMs for each page
 */
export async function listAll<T extends KubernetesObject>(
  transport: Transport,
  timeoutMs: number,
  resource: Resource<T>,
  options: ListOptions<T>,
): Promise<ObjectList<T>> {
  for (let lists = 1; ; lists += 1) {
    try {
      return await listOnce(transport, timeoutMs, resource, options);
    } catch (error) {
      const isPageExpired = error instanceof PageExpiredError;
      if (!isPageExpired || lists === maxLists) {
        throw isPageExpired ? error.cause : error;
      }
    }
  }
}

/** A page after the first one is no longer there. */
class PageExpiredError extends Error {}

async function listOnce<T extends KubernetesObject>(
  transport: Transport,
  timeoutMs: number,
  resource: Resource<T>,
  options: ListOptions<T>,
): Promise<ObjectList<T>> {
  const largest = options.pageSize ?? defaultPageSize;
  const items: T[] = [];
  let size = largest;
  let next: string | undefined;
  for (;;) {
    try {
      const answer = await transport.measuredJSON(pageRequest(resource, options, timeoutMs, size, next));
      const page = toPage(resource, answer.body);
      items.push(...kept(page.items, options.keep));
      next = page.next;
      if (next === undefined) {
        return { resourceVersion: page.resourceVersion, items };
      }
      size = answer.bytes * step < maxPageBytes ? Math.min(largest, size * step) : size;
    } catch (error) {
      if (isTooLarge(error) && size > 1) {
        size = Math.ceil(size / step);
      } else {
        throw next !== undefined && isExpired(error) ? new PageExpiredError('', { cause: error }) : error;
      }
    }
  }
}

function pageRequest(
  resource: Resource,
  options: Omit<ListOptions, 'keep'>,
  timeoutMs: number,
  size: number,
  next: string | undefined,
): APIRequest {
  return {
    method: 'GET',
    path: resourcePath(resource, { namespace: options.namespace }),
    query: {
      limit: size,
      continue: next,
      // A page token carries its own resourceVersion; the server refuses both together.
      resourceVersion: next === undefined ? options.resourceVersion : undefined,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
    },
    timeoutMs,
    maxBytes: size === 1 ? maxObjectBytes : maxPageBytes,
    idempotent: true,
    signal: options.signal,
  };
}

function kept<T>(items: readonly T[], keep: ListOptions<T>['keep']): readonly T[] {
  return keep === undefined ? items : items.flatMap((item) => keep(item) ?? []);
}

function isTooLarge(error: unknown): boolean {
  return error instanceof ConnectionError && error.failure === 'TooLarge';
}
