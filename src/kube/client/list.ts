import { toPage } from './answer.ts';
import { isExpired } from './api-error.ts';
import type { ListOptions, ObjectList } from './call-options.ts';
import type { KubernetesObject } from './object.ts';
import { type Resource, resourcePath } from './resource.ts';
import type { Transport } from './transport.ts';

/** client-go's page size. */
const PAGE_SIZE = 500;

/**
 * Every object of a selection, page by page. A page token that expires on the way starts over without pages,
 * as client-go's pager does: what was read so far belongs to a state the server has forgotten.
 *
 * @param timeoutMs for each page
 */
export async function listAll<T extends KubernetesObject>(
  transport: Transport,
  timeoutMs: number,
  resource: Resource<T>,
  options: ListOptions,
): Promise<ObjectList<T>> {
  const page = async (limit: number | undefined, next: string | undefined) =>
    toPage(
      resource,
      await transport.json({
        method: 'GET',
        path: resourcePath(resource, { namespace: options.namespace }),
        query: {
          limit,
          continue: next,
          // A page token carries its own resourceVersion; the server refuses both together.
          resourceVersion: next === undefined ? options.resourceVersion : undefined,
          labelSelector: options.labelSelector,
          fieldSelector: options.fieldSelector,
        },
        timeoutMs,
        idempotent: true,
        signal: options.signal,
      }),
    );
  const first = await page(options.pageSize ?? PAGE_SIZE, undefined);
  const items = [...first.items];
  let last = first;
  try {
    while (last.next !== undefined) {
      last = await page(options.pageSize ?? PAGE_SIZE, last.next);
      items.push(...last.items);
    }
  } catch (error) {
    if (!isExpired(error)) {
      throw error;
    }
    return await page(undefined, undefined);
  }
  return { resourceVersion: last.resourceVersion, items };
}
