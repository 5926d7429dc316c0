/**
 * Ends a bench that measured something else than it is about, before it prints a figure: a thousand runs that
 * all fail early are fast, too.
 *
 * @param unexpected one line for each outcome that is not the expected one
 * @throws Error with these lines, which ends the program with 1
 */
export function expectOutcomes(unexpected: readonly string[]): void {
  if (unexpected.length > 0) {
    throw new Error(
      ['No figures, because these outcomes are not the expected ones:', ...unexpected].join('\n  '),
    );
  }
}
