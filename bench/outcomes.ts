/**
 * Fails a bench that measured something else than it is about. Where figures would mislead, it is called
 * before they are printed: a thousand runs that all fail early are fast, too. Where they show what went
 * wrong, after.
 *
 * @param unexpected one line for each outcome that is not the expected one
 * @throws Error with these lines, which ends the program with 1
 */
export function expectOutcomes(unexpected: readonly string[]): void {
  if (unexpected.length > 0) {
    throw new Error(
      ['The bench failed, because these outcomes are not the expected ones:', ...unexpected].join('\n  '),
    );
  }
}
