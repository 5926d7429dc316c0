import * as z from 'zod';
import { type AppKey, filters, type GridQuery, sortings } from '../view/model.ts';

/** What a stream shows: the grid, or one app. */
export type ViewQuery =
  | { readonly kind: 'grid'; readonly query: GridQuery }
  | { readonly kind: 'app'; readonly key: AppKey };

const name = z.string().min(1).max(1_024);

const viewQuery = z.discriminatedUnion('view', [
  z.object({
    view: z.literal('grid'),
    filter: z.enum(filters).default('all'),
    sort: z.enum(sortings).default('health'),
    search: z.string().max(1_024).default(''),
    page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  }),
  z.object({ view: z.literal('app'), namespace: name, target: name, admin: name, app: name }),
]);

/** Reads the query of a stream; undefined when it is none. */
export function viewQueryOf(query: URLSearchParams): ViewQuery | undefined {
  const parsed = viewQuery.safeParse(Object.fromEntries(query));
  if (!parsed.success) {
    return undefined;
  }
  const { view, ...rest } = parsed.data;
  // Narrowing does not reach through the rest of a union.
  return view === 'grid' ? { kind: 'grid', query: rest as GridQuery } : { kind: 'app', key: rest as AppKey };
}

/** An approval: which plan of which run. */
export interface ApprovalRequest {
  readonly namespace: string;
  readonly name: string;
  readonly digest: string;
}

/** The body of `POST approve`. */
export const approvalRequest = z.strictObject({
  namespace: z.string().min(1).max(63),
  name: z.string().min(1).max(253),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
});
