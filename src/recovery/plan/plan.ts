/** Where a value comes from, best first (R5). */
export type ValueSource =
  | 'Survivor'
  | 'Override'
  | 'Captured'
  | 'Inferred'
  | 'Metadata'
  | 'Remaining'
  | 'Default';

/** How sure the run is of a value. */
export type Confidence = 'exact' | 'high' | 'medium' | 'low';

/** Why a value may be wrong, and what else it may have been. */
export interface Uncertainty {
  /** At least two; the last may be `unknown`. */
  readonly candidates: readonly string[];
  /** A clause that ends a sentence. */
  readonly why: string;
}

/** What happens to one key. `Persist` removes a TTL and keeps the value; `Delete` removes a dead pre-lock. */
export type ActionKind = 'Create' | 'Replace' | 'Keep' | 'Persist' | 'Delete';

/** One key of the plan. */
export interface Action {
  readonly key: string;
  readonly kind: ActionKind;
  /** What the key held when it was observed: undefined when absent, a type name when it is no string. */
  readonly before: { readonly value: string } | { readonly wrongType: string } | undefined;
  /** What it holds afterwards; undefined for `Delete`. */
  readonly after: string | undefined;
  readonly source: ValueSource;
  readonly confidence: Confidence;
  /** Present when the value is a choice between several; its confidence is then `low`. */
  readonly doubt?: Uncertainty;
}

/** Everything a run would do, decided before anything is written. */
export interface Plan {
  /** Sorted by key (code points). */
  readonly actions: readonly Action[];
  /** `sha256:<hex>` over the canonical form of key, kind, before, after and source of every action. */
  readonly digest: string;
}
