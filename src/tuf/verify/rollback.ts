import type { FindingCode } from '../findings/findings.ts';
import type { Snapshot } from '../metadata/snapshot.ts';
import type { Version } from '../metadata/version.ts';
import type { Mark } from './verification.ts';
import type { Run } from './verification-run.ts';

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
  readonly #run: Run;
  readonly #accepted: boolean;

  /** @param timestamp version of the timestamp that was read */
  constructor(run: Run, timestamp: Version) {
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

  /** Spec 5.5.5: every role the earlier snapshot listed is still listed, with no lower version. */
  againstSnapshot(snapshot: Snapshot, earlier: Snapshot): void {
    for (const [role, old] of earlier.roles) {
      const link = snapshot.roles.get(role);
      const { version } = snapshot.envelope;
      const before = `snapshot ${earlier.envelope.version} listed version ${old.version} of ${role}`;
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

  /** Nothing outside the bucket tells an expired state from a replayed one: no pin, no mark, no fresh signature. */
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

  /** A floor that a person gave for a role's version. */
  againstMinimum(role: string, version: Version): void {
    const minimums = this.#run.options.policy.minimumVersions;
    const minimum = minimums !== undefined && Object.hasOwn(minimums, role) ? minimums[role] : undefined;
    if (minimum === undefined || version >= minimum) {
      return;
    }
    this.#run.report.add('BelowMinimumVersion', {
      role,
      version,
      detail: `version ${version} is below the minimum of ${minimum}`,
    });
  }

  #deny(code: FindingCode, role: string, version: Version | undefined, detail: string): void {
    const { report } = this.#run;
    if (this.#accepted) {
      report.addAccepted(code, { role, version, detail: `${detail}; accepted by trust.acceptRollbackTo` });
    } else {
      report.add(code, { role, version, detail });
    }
  }
}
