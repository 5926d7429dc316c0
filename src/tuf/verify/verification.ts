import type { Listing } from '../../storage/listing.ts';
import type { ListedObject } from '../../storage/source.ts';
import type { Finding } from '../findings/finding.ts';
import type { Version } from '../metadata/version.ts';

/** What the caller trusts before it has read anything (spec 5.2). */
export type TrustAnchor =
  /**
   * Lower-case hex sha256 of the exact bytes of one `N.root.json` in the bucket (any N; the walk starts
   * there).
   */
  | { readonly kind: 'sha256'; readonly sha256: string }
  /** The bytes of a trusted root that need not lie in the bucket. */
  | { readonly kind: 'root'; readonly bytes: Uint8Array }
  /** Trust the lowest listed root. Only by the person's explicit wish. */
  | { readonly kind: 'first-use' };

/** A remembered head: a lower version is a rollback (spec 5.4.3, 5.5.5). */
export interface Mark {
  readonly version: number;
  /** Lower-case hex sha256 of the file's bytes, when remembered. */
  readonly sha256?: string;
}

/**
 * What the last verified state was. Reset for timestamp and snapshot when their keys rotate (spec 5.3.11).
 */
export interface HighWaterMarks {
  readonly root?: Mark;
  readonly timestamp?: Mark;
  readonly snapshot?: Mark;
  /** Raw bytes of the snapshot trusted before: enables the full check of every delegated version (5.5.5). */
  readonly snapshotBytes?: Uint8Array;
  /** Raw bytes of the timestamp trusted before. */
  readonly timestampBytes?: Uint8Array;
}

/** How strict verification is, and the answers a person gave to *deny* findings. */
export interface VerifyPolicy {
  /**
   * Whose reading counts. `recovery`: the server's, which lists the bucket and reads files in its own way;
   * expiry is reported. `strict`: that of the specification's client workflow, in which expiry refuses and
   * what only the server would trip over is reported.
   */
  readonly mode: 'recovery' | 'strict';
  /** In mode `recovery`: expired metadata refuses, too, as it does for a client. */
  readonly refuseExpired?: boolean;
  /** Accept this very timestamp version although a higher one was trusted before. */
  readonly acceptRollbackTo?: number;
  /** What an invalid or missing delegated role does; `Fail` when absent. */
  readonly onInvalidDelegation?: 'Fail' | 'Skip';
  /** Metadata that expired longer ago than this many seconds is denied; 30 days when absent. */
  readonly maxExpiredAgeSeconds?: number;
  /** Lowest acceptable versions, a floor given by a person. */
  readonly minimumVersions?: { readonly [role: string]: number };
}

/** The policy of everything that leads to a write: nothing the server would read differently is let pass. */
export type RecoveryVerifyPolicy = VerifyPolicy & { readonly mode: 'recovery' };

export interface VerifyOptions {
  readonly anchor: TrustAnchor;
  readonly policy: VerifyPolicy;
  readonly marks?: HighWaterMarks;
  /** The one reference time of the whole run (spec 5.1). */
  readonly now: Date;
  readonly signal?: AbortSignal;
  /** Called as files arrive and verify; never throws. */
  readonly onProgress?: (completed: number, total: number) => void;
  /** Most GETs in flight at once; what the source says when absent, else 32. */
  readonly concurrency?: number;
}

/**
 * Versions of the chain's heads: root → timestamp → snapshot → targets → delegated roles. `V` is `number`
 * where a recovery has read them, which refuses versions that no number holds exactly (check 24), and
 * {@link Version} where a client's workflow has.
 */
export interface HeadVersions<V extends Version = number> {
  readonly root: V;
  readonly timestamp: V;
  readonly snapshot: V;
  readonly targets: V;
  /** Role name in original case → version; a Map because names such as `__proto__` are ordinary data. */
  readonly delegated: ReadonlyMap<string, V>;
}

/** What root metadata says about one top-level role. */
export interface RootRole {
  readonly threshold: number;
  readonly keyids: readonly string[];
}

/** The verified facts of one root version that settings are derived from. */
export interface RootFacts<V extends Version = number> {
  readonly version: V;
  readonly expires: Date;
  /** Number of entries in `signatures` with a non-empty signature. */
  readonly signatures: number;
  readonly roles: Readonly<Record<'root' | 'targets' | 'snapshot' | 'timestamp', RootRole>>;
  /** Lower-case hex sha256 of the file's bytes. */
  readonly sha256: string;
  readonly object: ListedObject | undefined;
}

/** One verified role file other than root. */
export interface RoleFacts<V extends Version = number> {
  readonly role: string;
  readonly version: V;
  /** The `expires` instant, whole milliseconds. */
  readonly expires: Date;
  readonly sha256: string;
  /** The listing's entry for exactly this file; its lastModified is evidence for the configured lifetime. */
  readonly object: ListedObject | undefined;
}

/** A delegated role that was reached from targets (depth 1) or deeper. */
export interface DelegatedFacts<V extends Version = number> extends RoleFacts<V> {
  /** 1 for a role delegated by targets itself, which is all the server knows of. */
  readonly depth: number;
  /** Who delegates to it. */
  readonly delegators: readonly string[];
}

/** Everything that was proven, nothing that was merely read. */
export interface Trusted<V extends Version = number> {
  readonly heads: HeadVersions<V>;
  /**
   * Root 1 as verified in the chain; absent when the chain starts later (pin above 1 and 1 not linked by
   * signatures).
   */
  readonly firstRoot: RootFacts<V> | undefined;
  readonly root: RootFacts<V>;
  readonly timestamp: RoleFacts<V>;
  readonly snapshot: RoleFacts<V>;
  readonly targets: RoleFacts<V>;
  /** In the order of the delegations, each once. Roles skipped by `onInvalidDelegation: Skip` are absent. */
  readonly delegated: readonly DelegatedFacts<V>[];
  /**
   * Names in targets.delegations, in order and original case, whether or not each one's file verified: what
   * the server derives `<role>_EXPIRATION` from.
   */
  readonly delegatedNames: readonly string[];
}

/** What {@link verify} found out. `refused` always has a wall or deny finding first in `findings`. */
export interface Verification<V extends Version = number> {
  readonly verdict: 'trusted' | 'refused';
  /** Present exactly when trusted. */
  readonly trusted: Trusted<V> | undefined;
  /** Refusing findings first, then by severity, check, role, version: deterministic for the same bucket. */
  readonly findings: readonly Finding[];
  /**
   * The one listing the run made; the layout uses it to tell an app that never was from one that is broken.
   */
  readonly listing: Listing;
}
