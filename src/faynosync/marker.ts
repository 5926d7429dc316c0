/** What the value of `BOOTSTRAP_<admin>_<app>` says. */
export type Marker =
  | { readonly kind: 'absent' }
  /**
   * Present but empty: every endpoint reads it as "not bootstrapped", and the server's own recovery as
   * "taken".
   */
  | { readonly kind: 'blank' }
  /** The id of the bootstrap or recovery that finished. */
  | { readonly kind: 'done'; readonly id: string }
  /** `pre-<id>`: a bootstrap runs, or died. */
  | { readonly kind: 'bootstrapping'; readonly id: string }
  /** `signing-<id>`: known to the server's code, written by none of it. */
  | { readonly kind: 'signing'; readonly id: string }
  /** `RECOVERING_<id>`: the server's own recovery runs, or died. */
  | { readonly kind: 'recovering'; readonly id: string };

const prefixes = [
  ['pre-', 'bootstrapping'],
  ['signing-', 'signing'],
  ['RECOVERING_', 'recovering'],
] as const;

/** @param value undefined when the key is absent */
export function parseMarker(value: string | undefined): Marker {
  if (value === undefined) {
    return { kind: 'absent' };
  }
  if (value.trim() === '') {
    return { kind: 'blank' };
  }
  for (const [prefix, kind] of prefixes) {
    if (value.startsWith(prefix)) {
      return { kind, id: value.slice(prefix.length) };
    }
  }
  return { kind: 'done', id: value };
}
