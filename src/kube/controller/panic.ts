import { AssertionError } from 'node:assert';

/** JavaScript's counterpart of a Go panic: an error that is never thrown on purpose. */
export function isPanic(error: unknown): boolean {
  return (
    !(error instanceof Error) ||
    error instanceof TypeError ||
    error instanceof ReferenceError ||
    error instanceof RangeError ||
    error instanceof SyntaxError ||
    error instanceof AssertionError
  );
}
