/**
 * How much a finding weighs. A *wall* refuses and can't be overridden; a *deny* refuses unless the named
 * override is given; a *report* informs.
 */
export type Severity = 'wall' | 'deny' | 'report';

/** One thing the verifier has to say about a repository. */
export interface Finding {
  /** Stable name, CamelCase; every code is documented in findings.ts and the generated reference page. */
  readonly code: string;
  /** Number of the check it belongs to, from 1 as checks.ts lists them; 0 for none. */
  readonly check: number;
  readonly severity: Severity;
  /** Role the finding is about, in the spelling of the metadata: `root`, `timestamp`, `nightly`. */
  readonly role: string;
  /** Version of that role's metadata, when one is known. */
  readonly version?: number;
  /** Clause of the TUF specification 1.0.34, or the name of our own policy. */
  readonly spec: string;
  /** What was found and what to do next, in one or two sentences; never holds secrets. */
  readonly detail: string;
  /** For a *deny*: the setting that accepts it, for example `trust.acceptRollbackTo`. */
  readonly override?: string;
}
