/** One entry of a Status's `details.causes`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/**
 * The `Status` object the API server answers failures with; every field can be missing when a proxy answered
 * instead.
 */
export interface APIStatus {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly StatusCause[]; readonly retryAfterSeconds?: number };
}

/** The API server (or something in front of it) answered, and said no. */
export class APIError extends Error {
  /** HTTP status code; for an ERROR event inside a watch, the code in the event. */
  readonly status: number;
  /**
   * `metav1.StatusReason`, for example `NotFound`, `Conflict`, `Expired`. Empty when a proxy answered without
   * a Status.
   */
  readonly reason: string;
  /** What the server asked the client to wait, if it did. */
  readonly retryAfterSeconds: number | undefined;
  /** Details per field, for example who owns a field in a server-side apply conflict. */
  readonly causes: readonly StatusCause[];

  /** @param call what was asked, for the message: `GET /api/v1/…` */
  constructor(call: string, status: number, body: APIStatus, retryAfterSeconds?: number) {
    const reason = body.reason ?? '';
    const said = body.message ?? 'no message';
    super(`${call}: ${status}${reason === '' ? '' : ` ${reason}`}: ${said}${advice(status, said)}`);
    this.name = 'APIError';
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds ?? body.details?.retryAfterSeconds;
    this.causes = body.details?.causes ?? [];
  }
}

function advice(status: number, said: string): string {
  switch (status) {
    case 401:
      return '; the credentials were read again and refused again: check the service account or kubeconfig';
    case 403:
      return '; grant this in the Role or ClusterRole bound to this identity';
    case 404:
      // An unknown resource type, in the words of the server for known and for unknown API groups.
      return /could not find the requested resource|404 page not found/.test(said)
        ? '; the resource type is not served: install its CustomResourceDefinition'
        : '';
    default:
      return '';
  }
}

/** The object (or resource type) does not exist. */
export const isNotFound = (error: unknown): boolean => hasStatus(error, 404);
/** A create met an object of the same name. */
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, 'AlreadyExists');
/** The object changed since it was read, or another field manager owns a field. */
export const isConflict = (error: unknown): boolean => hasStatus(error, 409) && !isAlreadyExists(error);
/** The request is well-formed but the object is not valid (schema, CEL, admission). */
export const isInvalid = (error: unknown): boolean => hasStatus(error, 422);
/** RBAC or admission refused. */
export const isForbidden = (error: unknown): boolean => hasStatus(error, 403);
/** The resourceVersion or continue token is older than the server's history. */
export const isExpired = (error: unknown): boolean =>
  hasStatus(error, 410) || hasReason(error, 'Expired') || hasReason(error, 'Gone');
/**
 * The server could not answer just now: it sheds load, restarts, or was too slow. The same call may succeed
 * later.
 */
export const isServerBusy = (error: unknown): boolean =>
  error instanceof APIError && (error.status === 429 || error.status >= 500);
/** The server is shedding load. */
export const isTooManyRequests = (error: unknown): boolean => hasStatus(error, 429);

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof APIError && error.status === status;
}

function hasReason(error: unknown, reason: string): boolean {
  return error instanceof APIError && error.reason === reason;
}
