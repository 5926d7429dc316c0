import { TerminalError } from '../../errors.ts';

/**
 * A Secret or ConfigMap that a target refers to, or a key in it, is not there. It may come later than the
 * objects of the same commit, as External Secrets and Sealed Secrets bring it, so a run waits for it; the
 * target's own conditions say that it is missing.
 */
export class MissingReferenceError extends TerminalError {
  constructor(message: string, options?: ErrorOptions) {
    super('InvalidReference', message, options);
  }
}
