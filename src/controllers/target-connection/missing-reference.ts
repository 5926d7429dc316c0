import { proportionalPause } from '../../async/proportional-pause.ts';
import { TerminalError } from '../../errors.ts';

/**
 * A Secret or ConfigMap that a target refers to, or a key in it, is not there. It may come later than the
 * objects of the same commit, as External Secrets and Sealed Secrets bring it: some create the Secret first
 * and fill it afterwards. So it is waited for, as a kubelet waits for what a container's environment names.
 * What no Secret can be named is a `TerminalError` `InvalidReference` instead.
 */
export class MissingReferenceError extends TerminalError {
  constructor(message: string, options?: ErrorOptions) {
    super('ReferenceNotFound', message, options);
  }
}

const pauses = { soonestMs: 1_000, latestMs: 10_000 };

/**
 * Milliseconds until a missing reference is looked for again. Secrets are never watched, so that the
 * controller needs no right to list them; what comes right behind the objects that name it is found at once,
 * what takes minutes within seconds.
 *
 * @param waitedMs milliseconds since it was first missed
 */
export function missingReferencePauseMs(waitedMs: number): number {
  return proportionalPause(waitedMs, pauses);
}
