import { TransientError } from '../../errors.ts';

/**
 * The signal a run is given: the controller's own end as a `TransientError`, upon which the run ends
 * undecided and another controller takes it up again; a person's wish as it is, upon which the run ends for
 * good.
 */
export function stopSignal(
  controller: AbortSignal,
  person: AbortSignal,
): { signal: AbortSignal } & Disposable {
  const ending = new AbortController();
  const onAbort = (): void =>
    ending.abort(
      new TransientError('Aborted', 'The controller is shutting down; the run continues when it is back.', {
        cause: controller.reason,
      }),
    );
  controller.addEventListener('abort', onAbort, { once: true });
  if (controller.aborted) {
    onAbort();
  }
  return {
    signal: AbortSignal.any([ending.signal, person]),
    [Symbol.dispose]: () => controller.removeEventListener('abort', onAbort),
  };
}
