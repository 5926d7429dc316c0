import type { RecoveryError } from '../../errors.ts';
import type { Finding } from '../../tuf/findings/finding.ts';
import type { Version } from '../../tuf/metadata/version.ts';
import type { HeadVersions, Verification } from '../../tuf/verify/verification.ts';

/** The versions at the end of the chain, as the machine formats show them. */
export interface HeadsJSON {
  readonly root: Version;
  readonly timestamp: Version;
  readonly snapshot: Version;
  readonly targets: Version;
  /** Role name in original case → version. */
  readonly delegated: Readonly<Record<string, Version>>;
}

/** What `tuf-recovery verify -o json` prints. */
export interface VerificationJSON {
  readonly verdict: 'trusted' | 'refused';
  /** null when refused: nothing was proven then. */
  readonly heads: HeadsJSON | null;
  /** The refusing finding first. */
  readonly findings: readonly Finding[];
  /** Why the repository could not be read at all; only with `refused` and no findings. */
  readonly error?: ErrorJSON;
}

/** An error with its stable code. */
export interface ErrorJSON {
  readonly code: string;
  readonly message: string;
}

/** The result of a verification for machines. */
export function verificationJSON({ verdict, trusted, findings }: Verification<Version>): VerificationJSON {
  return { verdict, heads: trusted === undefined ? null : headsJSON(trusted.heads), findings };
}

/** A repository that could not be read is not trusted; the error says why. */
export function unreadableJSON({ code, message }: RecoveryError): VerificationJSON {
  return { verdict: 'refused', heads: null, findings: [], error: { code, message } };
}

/**
 * Heads for machines. Object.fromEntries defines own properties, so a role named `__proto__` is kept as data.
 */
export function headsJSON({
  root,
  timestamp,
  snapshot,
  targets,
  delegated,
}: HeadVersions<Version>): HeadsJSON {
  return { root, timestamp, snapshot, targets, delegated: Object.fromEntries(delegated) };
}
