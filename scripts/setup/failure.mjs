/** Set-up can't go on; the message says what is missing and which command helps. Shown without a stack. */
export class SetupFailure extends Error {
  /** @override */
  name = 'SetupFailure';
}
