import { APIError, isTooManyRequests } from '../client/api-error.ts';
import { ConnectionError } from '../client/connection-error.ts';

/** Failures after which the cached state is still good and the watch can continue where it was. */
export function isOutage(error: unknown): boolean {
  if (error instanceof ConnectionError) {
    return error.failure !== 'Malformed';
  }
  if (isTooLargeResourceVersion(error)) {
    // The server's history is shorter than ours: its etcd was restored from a backup. Waiting would not help.
    return false;
  }
  return (
    isTooManyRequests(error) || (error instanceof APIError && error.status >= 502 && error.status <= 504)
  );
}

/** A 504 whose cause says that the server has not seen this resourceVersion yet. */
export function isTooLargeResourceVersion(error: unknown): boolean {
  return (
    error instanceof APIError && error.causes.some((cause) => cause.reason === 'ResourceVersionTooLarge')
  );
}

/** The failure in one word, for a metric's label. */
export function reasonOf(error: unknown): string {
  if (error instanceof ConnectionError) {
    return error.failure;
  }
  return error instanceof APIError ? error.reason || String(error.status) : 'Unexpected';
}
