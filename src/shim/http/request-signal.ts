import type { ServerResponse } from 'node:http';

/**
 * Aborts when the client has hung up or the shim is shutting down. Takes its listener off `draining` when the
 * answer is out, because that signal outlives every request.
 */
export function requestSignal(res: ServerResponse, draining: AbortSignal): AbortSignal {
  const controller = new AbortController();
  // A reason of its own: the default one is an exception, whose stack costs something for every request.
  const abort = (): void => controller.abort('the client is gone');
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
