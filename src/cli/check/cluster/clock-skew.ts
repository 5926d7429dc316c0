/** Clocks that differ by less agree: the API server stores whole seconds, and answers take a moment. */
export const maxSkewMs = 5_000;
