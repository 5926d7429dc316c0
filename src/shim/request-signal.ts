import type { ServerResponse } from 'node:http';

/**
 * Aborts when nobody waits for the answer any more: the client hung up, or the shim is shutting down. Takes its listener off
 * `draining` when the answer is out, because that signal outlives every request.
 */
export function requestSignal(res: ServerResponse, draining: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  draining.addEventListener('abort', abort, { once: true });
  res.once('close', () => {
    draining.removeEventListener('abort', abort);
    abort();
  });
  if (draining.aborted) {
    abort();
  }
  return controller.signal;
}
