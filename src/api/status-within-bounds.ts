import { withinBounds } from './bounds.ts';
import { statusBounds } from './status-bounds.generated.ts';

/** The kinds whose status this project writes. */
export type StatusKind = keyof typeof statusBounds;

/**
 * The status as its CRD admits it. The one place where text from outside (Redis, S3, metadata, the API
 * server) is cut to the limits of the schema: the API server refuses a whole status for one character too
 * many, and an object would keep its old verdict for ever.
 */
export function statusWithinBounds<S extends object>(kind: StatusKind, status: S): S {
  // Bounds keep types; only optional members can go missing, because no status has required ones.
  return withinBounds(status, statusBounds[kind]) as S;
}
