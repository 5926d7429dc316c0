import type { FindingCode } from '../findings/findings.ts';
import { quoted } from '../findings/text.ts';
import type { Snapshot } from '../metadata/snapshot.ts';
import type { Version } from '../metadata/version.ts';
import type { Mark } from './verification.ts';
import type { VerificationContext } from './verification-context.ts';

/** A top-level file that was just verified, as the marks see it. */
export interface MarkedFile {
  readonly version: Version;
  readonly sha256: string;
}

type MarkedRole = 'root' | 'timestamp' | 'snapshot';

const ROLLBACK: Readonly<Record<MarkedRole, FindingCode>> = {
  root: 'RootRollback',
  timestamp: 'TimestampRollback',
  snapshot: 'SnapshotRollback',
};

/**
 * The rollback checks of one run. `trust.acceptRollbackTo` names the timestamp version of the state that the
 * person accepts, and answers every rollback that comes with exactly that state.
 */
export class RollbackCheck {
  readonly #run: VerificationContext;
  readonly #accepted: boolean;

  /** @param timestamp version of the timestamp that was read */
  constructor(run: VerificationContext, timestamp: Version) {
    this.#run = run;
    this.#accepted = run.options.policy.acceptRollbackTo === timestamp;
  }

  /** Spec 5.4.3: not older than what was verified before, and not another file of the same version. */
  againstMark(role: MarkedRole, file: MarkedFile, mark: Mark | undefined): void {
    if (mark === undefined) {
      return;
    }
    const { version, sha256 } = file;
    if (version < mark.version) {
      this.#deny(
        ROLLBACK[role],
        role,
        version,
        `version ${version} is older than ${mark.version}, verified before`,
      );
    } else if (version === mark.version && mark.sha256 !== undefined && mark.sha256 !== sha256) {
      this.#deny(
        'HeadReplaced',
        role,
        version,
        `version ${version} had sha256 ${mark.sha256}, now it is ${sha256}`,
      );
    }
  }

  /**
   * Spec 5.3: with a memory, the roots that were trusted on first use are no longer trusted for being there.
   * A pin is an answer of its own.
   */
  againstRememberedRoot(chain: readonly MarkedFile[], mark: Mark | undefined): void {
    const head = chain.at(-1);
    if (mark === undefined || head === undefined || this.#run.options.anchor.kind !== 'first-use') {
      return;
    }
    const { version } = head;
    // A chain that ends below the mark is a rollback and reported as that.
    if (version >= mark.version && !chain.some((root) => root.version === mark.version)) {
      this.#deny(
        'RememberedRootMissing',
        'root',
        version,
        `root ${mark.version}, verified before, is not in the chain of ${chain.length} roots up to ${version}`,
      );
    }
  }

  /**
   * Spec 5.4.3, second clause: the snapshot that a timestamp names is not older than the one that was trusted
   * before.
   *
   * @param trusted the highest version known from the mark and from the timestamp trusted before
   */
  againstNamedSnapshot(named: Version, trusted: Version | undefined): void {
    if (trusted !== undefined && named < trusted) {
      this.#deny(
        'SnapshotRollback',
        'snapshot',
        named,
        `the timestamp names snapshot ${named}, older than ${trusted}, verified before`,
      );
    }
  }

  /** Spec 5.4.3, the other half: the snapshot of the remembered version is the remembered file. */
  againstReplacedSnapshot(file: MarkedFile, mark: Mark | undefined): void {
    if (mark !== undefined && file.version >= mark.version) {
      this.againstMark('snapshot', file, mark);
    }
  }

  /** Spec 5.5.5: every role the earlier snapshot listed is still listed, with no lower version. */
  againstSnapshot(snapshot: Snapshot, earlier: Snapshot): void {
    for (const [role, old] of earlier.roles) {
      const link = snapshot.roles.get(role);
      const { version } = snapshot.envelope;
      const before = `snapshot ${earlier.envelope.version} listed version ${old.version} of ${quoted(role)}`;
      if (link === undefined) {
        this.#deny(
          'RoleRemovedFromSnapshot',
          'snapshot',
          version,
          `${before}; snapshot ${version} lists none`,
        );
      } else if (link.version < old.version) {
        this.#deny(
          'RoleVersionLowered',
          'snapshot',
          version,
          `${before}; snapshot ${version} lists ${link.version}`,
        );
      }
    }
  }

  /**
   * Nothing outside the bucket tells an expired state from a replayed one: no pin, no mark, no fresh
   * signature.
   */
  againstReplay(expired: boolean): void {
    const { anchor, marks, now, policy } = this.#run.options;
    if (!expired || anchor.kind !== 'first-use' || policy.mode === 'strict') {
      return;
    }
    if (marks?.root !== undefined || marks?.timestamp !== undefined || marks?.snapshot !== undefined) {
      return;
    }
    this.#deny(
      'ReplayIndistinguishable',
      'timestamp',
      undefined,
      `the timestamp is expired at ${now.toISOString()}, no root is pinned and nothing was verified before`,
    );
  }

  /**
   * The lowest versions that the policy allows. A role for which it names one and that is not in the chain at
   * all is below any minimum.
   *
   * @param versions the chain's heads
   * @param unread roles that are delegated and whose file failed, which is a finding of its own
   */
  againstMinimums(versions: ReadonlyMap<string, Version>, unread: ReadonlySet<string>): void {
    for (const [role, minimum] of Object.entries(this.#run.options.policy.minimumVersions ?? {})) {
      const version = versions.get(role);
      if (version === undefined && !unread.has(role)) {
        this.#run.findings.add('BelowMinimumVersion', {
          role,
          detail: `no role ${quoted(role)} is delegated, and its minimum version is ${minimum}`,
        });
      } else if (version !== undefined && version < minimum) {
        this.#run.findings.add('BelowMinimumVersion', {
          role,
          version,
          detail: `version ${version} is below the minimum of ${minimum}`,
        });
      }
    }
  }

  #deny(code: FindingCode, role: string, version: Version | undefined, detail: string): void {
    const { findings } = this.#run;
    if (this.#accepted) {
      findings.addAccepted(code, { role, version, detail: `${detail}; accepted by trust.acceptRollbackTo` });
    } else {
      findings.add(code, { role, version, detail });
    }
  }
}
