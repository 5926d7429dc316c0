import type { ServerResponse } from 'node:http';

/**
 * Aborts when nobody waits for the answer any more: the client hung up, or the shim is shutting down. Takes its listener off
 * `draining` when the answer is out, because that signal outlives every request.
 */
export function requestSignal(res: ServerResponse, draining: AbortSignal): AbortSignal {
  const controller = new AbortController();
  // A reason of one's own: the default one is an exception with a stack, made for every request and read by nobody.
  const abort = (): void => controller.abort('nobody waits');
  draining.addEventListener('abort', abort, { once: true });
  res.once('close', () => {
    draining.removeEventListener('abort', abort);
    if (!res.writableFinished) {
      abort();
    }
  });
  if (draining.aborted) {
    abort();
  }
  return controller.signal;
}
