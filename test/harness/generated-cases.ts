/**
 * How many generated cases a test tries: all that it wants to, and a tenth of them in the fast lane. The seed
 * is another one each time, so that the fast lane, which runs often, sees other cases than the last time.
 */
export function generatedCases(all: number): number {
  return process.env['TEST_LANE'] === 'unit' ? Math.ceil(all / 10) : all;
}
