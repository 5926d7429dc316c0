/* Generated from the CRD by npm run generate: change crds/ instead. */
import type { Condition } from './condition.ts';
import type { ResourceMetadata } from './resource-metadata.ts';

/** BootstrapRecovery is one run that rebuilds the TUF bootstrap settings one app has lost in Redis, from the signed metadata in object storage. A run happens once and is never repeated: to run again, create a new object. As the API server returns it: defaults filled in. */
export interface BootstrapRecovery {
  readonly apiVersion: 'tuf-recovery.dev/v1alpha1';
  readonly kind: 'BootstrapRecovery';
  readonly metadata: ResourceMetadata;
  readonly spec: BootstrapRecoverySpec;
  readonly status: BootstrapRecoveryStatus;
}

/** A BootstrapRecovery as a person writes it: what has a default may be left out. */
export interface BootstrapRecoveryManifest {
  readonly apiVersion: 'tuf-recovery.dev/v1alpha1';
  readonly kind: 'BootstrapRecovery';
  readonly metadata: Partial<ResourceMetadata>;
  readonly spec: BootstrapRecoveryManifestSpec;
}

/**
 * What to recover and how. Immutable, except suspend, cancel, approvedPlan and ttlSecondsAfterFinished.
 */
export interface BootstrapRecoverySpec {
  /**
   * The RecoveryTarget in the same namespace that says where Redis and the metadata are and which root is trusted.
   */
  readonly targetRef: {
    /**
     * Name of the RecoveryTarget.
     */
    readonly name: string;
  };
  /**
   * Name of the admin (tenant) who owns the app, spelled exactly as on the server: it is part of every Redis key and of the path in the bucket. Free text without control characters.
   */
  readonly adminName: string;
  /**
   * Name of the app, spelled exactly as on the server. Letters, digits and hyphens, starting with a letter or digit.
   */
  readonly appName: string;
  /**
   * Recover rebuilds what is lost. Verify only looks and never writes: it ends with Verified, or with DriftDetected and the plan of what a recovery would write.
   */
  readonly mode: 'Recover' | 'Verify';
  /**
   * IfNeeded writes only what is missing or invalid; nothing to do is success. Always plans every setting again, also those that are present; valid values that survived are still kept.
   */
  readonly strategy: 'IfNeeded' | 'Always';
  /**
   * Seconds after which the run gives up, retries included: from the start of the first attempt, or from when a Secret or ConfigMap of the target was first missed. Time spent waiting for approval, or for the lock of another recovery, does not count.
   */
  readonly timeoutSeconds: number;
  /**
   * How often a run is tried again after a transient failure such as an unreachable Redis, with exponential backoff and jitter. Not set - until timeoutSeconds is over. Failures that a retry cannot mend end the run at once.
   */
  readonly backoffLimit?: number;
  /**
   * Automatic applies the plan at once. Manual stops before the write until approvedPlan equals status.plan.digest.
   */
  readonly approval: 'Automatic' | 'Manual';
  /**
   * What to do when the metadata does not tell which of several values a lost setting had (finding UncertainValue). Apply writes the most probable one and reports it. Ask stops before the write until approvedPlan equals status.plan.digest.
   */
  readonly uncertainValues: 'Apply' | 'Ask';
  /**
   * AfterRecovery has the server asked to sign what has expired once this run has recovered the app, over spec.api of the RecoveryTarget, also when its policies do not ask for it. It is followed in the app's BootstrapState, so a RecoveryPolicy has to cover the app; action Report is enough. Never leaves that to the policies.
   */
  readonly refresh: 'Never' | 'AfterRecovery';
  /**
   * The digest of the plan a person has read and approves, copied from status.plan.digest. If the plan changes before it is applied, the run waits for approval of the new one.
   */
  readonly approvedPlan?: string;
  /**
   * Values and decisions that a person knows better than the metadata. Surviving valid values in Redis still win.
   */
  readonly overrides?: {
    /**
     * Lifetimes that the server gives to metadata it signs: a number of days, written 90 or 90d. Without them they are inferred from the metadata itself. A role that the app does not have is refused.
     */
    readonly expirations?: {
      /**
       * Lifetime of root metadata, in days. The server only shows it.
       */
      readonly root?: number | string;
      /**
       * Lifetime of targets metadata, in days.
       */
      readonly targets?: number | string;
      /**
       * Lifetime of snapshot metadata, in days.
       */
      readonly snapshot?: number | string;
      /**
       * Lifetime of timestamp metadata, in days.
       */
      readonly timestamp?: number | string;
      /**
       * Lifetime of delegated roles, in days, by role name in its original case.
       */
      readonly roles?: {
        readonly [k: string]: number | string;
      };
    };
    /**
     * Whether the server holds the targets key and signs targets itself. The bootstrap always sets it.
     */
    readonly targetsOnlineKey?: boolean;
    /**
     * Replace a key of the app that holds something other than a string. Without it such a key ends the run with CorruptType, because another program may be using it.
     */
    readonly replaceWrongType: boolean;
    /**
     * A bootstrap of the server whose task record is older than this is taken to be dead, and its marker is replaced.
     */
    readonly staleAfterSeconds: number;
  };
  /**
   * A person's answers, for this run only, to findings that would otherwise refuse the metadata. Invalid signatures cannot be overridden.
   */
  readonly trust?: {
    /**
     * Accept exactly this version of timestamp, although a higher one was verified before.
     */
    readonly acceptRollbackTo?: number;
    /**
     * Fail refuses the metadata when a delegated role is missing or invalid. Skip leaves that role's content out and reports it.
     */
    readonly onInvalidDelegation: 'Fail' | 'Skip';
    /**
     * Accept metadata that expired up to this long ago: a number and a unit, s, m, h or d, for example 90d. 30 days when not set.
     */
    readonly maxExpiredAge?: string;
  };
  /**
   * Do not start. Has no effect on a run that has started; to end that one, set cancel.
   */
  readonly suspend: boolean;
  /**
   * End the run at the next safe point. Cannot be withdrawn. Redis then holds the old or the new state, never a mixture.
   */
  readonly cancel: boolean;
  /**
   * Delete the object this many seconds after it finished. Not set: it is kept. Do not set it on an object that lives in Git: it would be created again and run again, forever.
   */
  readonly ttlSecondsAfterFinished?: number;
}

/**
 * What is known about the run. Written by the controller only.
 */
export interface BootstrapRecoveryStatus {
  /**
   * The metadata.generation this status speaks of; -1 until the controller has seen the object.
   */
  readonly observedGeneration?: number;
  /**
   * The id of the run, equal to metadata.uid. The restored bootstrap marker holds it, and the server's own GET /tuf/v1/task resolves it.
   */
  readonly taskID?: string;
  /**
   * The task that keeps the run from starting - the server's own bootstrap, or the recovery that holds the lock. Absent when none does.
   */
  readonly blockingTaskID?: string;
  /**
   * When the first attempt started.
   */
  readonly startTime?: string;
  /**
   * When the run ended, with success or without.
   */
  readonly completionTime?: string;
  /**
   * From startTime to completionTime as kubectl shows ages, for the Duration column, for example 2s or 3m5s. Absent until the run has ended, and for one that never started.
   */
  readonly duration?: string;
  /**
   * How many attempts were started. Waiting for a lock or for approval does not count, nor does an attempt that a restarted controller took up again.
   */
  readonly attempts?: number;
  /**
   * When the run gives up: timeoutSeconds after it started, or after its plan was approved, and later by the time it waited for the lock of another recovery. Absent while a person is awaited.
   */
  readonly deadline?: string;
  /**
   * Until when the run waits for the lock of another recovery: 6 minutes from when it first met one. This time does not count against timeoutSeconds.
   */
  readonly lockWaitDeadline?: string;
  /**
   * The installation that works on the run right now, as namespace/name of its leader-election lease. Other installations leave the run alone until its deadline is over.
   */
  readonly controller?: string;
  /**
   * When the next attempt starts, after a transient failure or while another process holds the lock.
   */
  readonly nextAttemptTime?: string;
  /**
   * Where the run is, at most a few seconds old.
   */
  readonly progress?: {
    /**
     * The step the run is in - Trust, Observe, Plan, Lock, Apply, Confirm or Record.
     */
    readonly stage: string;
    /**
     * How many of the stage's own units (files, keys) are done.
     */
    readonly completed: number;
    /**
     * How many units the stage has, as far as known.
     */
    readonly total: number;
    /**
     * Stage and counts in one word pair, for the Progress column, for example "Trust 412/4096". Empty once the run has ended.
     */
    readonly summary: string;
    /**
     * When the run last moved.
     */
    readonly lastProgressTime: string;
  };
  /**
   * What the run found: Healthy, FullLoss, PartialLoss, StaleMarker, Cosmetic, Ceremony, CorruptType, FailedBootstrap, NeverBootstrapped, InProgress, Locked or Unreachable.
   */
  readonly state?: string;
  /**
   * What the run writes, decided before anything is written. The report holds all of it.
   */
  readonly plan?: {
    /**
     * Identifies exactly this plan; approvedPlan must equal it when approval is Manual.
     */
    readonly digest: string;
    /**
     * Keys that are missing and are written.
     */
    readonly creates: number;
    /**
     * Keys that hold something invalid and are overwritten.
     */
    readonly replaces: number;
    /**
     * Keys that are valid and stay as they are.
     */
    readonly keeps: number;
    /**
     * Keys whose value stays and whose expiry is removed.
     */
    readonly persists: number;
    /**
     * Left-overs of a dead bootstrap that are removed.
     */
    readonly deletes: number;
    /**
     * The first 64 actions, those that change something first.
     */
    readonly actions?: readonly {
      /**
       * The Redis key.
       */
      readonly key: string;
      /**
       * Create, Replace, Keep, Persist or Delete.
       */
      readonly kind: string;
      /**
       * What the key holds afterwards; absent for Delete.
       */
      readonly value?: string;
      /**
       * Where the value comes from, best first: Survivor, Override, Captured, Inferred, Metadata, Remaining or Default.
       */
      readonly source: string;
      /**
       * How sure the run is of the value - exact, high, medium or low.
       */
      readonly confidence: string;
    }[];
  };
  /**
   * The metadata that was verified.
   */
  readonly trust?: {
    /**
     * Version of the latest verified root.
     */
    readonly rootVersion: number;
    /**
     * Version of timestamp.
     */
    readonly timestampVersion: number;
    /**
     * Version of the snapshot that timestamp names.
     */
    readonly snapshotVersion: number;
    /**
     * Version of the targets that snapshot names.
     */
    readonly targetsVersion: number;
    /**
     * How many delegated roles were verified.
     */
    readonly delegatedRoles: number;
    /**
     * Digest of the latest verified root file, lower-case hexadecimal; a RecoveryTarget can pin it.
     */
    readonly rootSHA256: string;
    /**
     * The first 32 roles whose metadata had expired. Expiry alone does not stop a recovery.
     */
    readonly expired?: readonly {
      /**
       * Name of the role.
       */
      readonly role: string;
      /**
       * Version of its metadata.
       */
      readonly version: number;
      /**
       * When it expired.
       */
      readonly expires: string;
    }[];
  };
  /**
   * What Redis held when it was last read in full, after the write or when nothing had to be written.
   */
  readonly verification?: {
    /**
     * Keys that were read and compared.
     */
    readonly checkedKeys: number;
    /**
     * Keys that were missing.
     */
    readonly missingKeys: number;
    /**
     * Keys whose value the server cannot use.
     */
    readonly invalidKeys: number;
    /**
     * When they were read.
     */
    readonly verifiedAt: string;
  };
  /**
   * What the verification and the run have to say, the first 32, the most severe first. The report holds all of them.
   */
  readonly findings?: readonly {
    /**
     * Stable name of the finding.
     */
    readonly code: string;
    /**
     * wall refuses and cannot be overridden, deny refuses unless overridden, report informs.
     */
    readonly severity: string;
    /**
     * Number of the check in the verification reference.
     */
    readonly check?: number;
    /**
     * The role it is about.
     */
    readonly role: string;
    /**
     * Version of that role's metadata, when known.
     */
    readonly version?: number;
    /**
     * What was found and what to do next.
     */
    readonly detail: string;
    /**
     * For deny, the setting that accepts it.
     */
    readonly override?: string;
  }[];
  /**
   * The last 5 failures, newest first.
   */
  readonly lastErrors?: readonly {
    /**
     * When it happened.
     */
    readonly time: string;
    /**
     * What failed, in one word.
     */
    readonly reason: string;
    /**
     * What happened and what to do next.
     */
    readonly message: string;
  }[];
  /**
   * The ConfigMap with the full report; it is deleted together with this object. A run that found nothing to do has none: its status says it all.
   */
  readonly reportRef?: {
    /**
     * Name of the ConfigMap, in the same namespace.
     */
    readonly name: string;
  };
  /**
   * Accepted, TrustVerified, StateVerified, Succeeded, and Reconciling, Stalled, Ready for tools that follow kstatus. Succeeded is the one to wait for: once True or False it never changes.
   */
  readonly conditions?: readonly Condition[];
}

/**
 * What to recover and how. Immutable, except suspend, cancel, approvedPlan and ttlSecondsAfterFinished.
 */
export interface BootstrapRecoveryManifestSpec {
  /**
   * The RecoveryTarget in the same namespace that says where Redis and the metadata are and which root is trusted.
   */
  readonly targetRef?: {
    /**
     * Name of the RecoveryTarget.
     */
    readonly name?: string;
  };
  /**
   * Name of the admin (tenant) who owns the app, spelled exactly as on the server: it is part of every Redis key and of the path in the bucket. Free text without control characters.
   */
  readonly adminName: string;
  /**
   * Name of the app, spelled exactly as on the server. Letters, digits and hyphens, starting with a letter or digit.
   */
  readonly appName: string;
  /**
   * Recover rebuilds what is lost. Verify only looks and never writes: it ends with Verified, or with DriftDetected and the plan of what a recovery would write.
   */
  readonly mode?: 'Recover' | 'Verify';
  /**
   * IfNeeded writes only what is missing or invalid; nothing to do is success. Always plans every setting again, also those that are present; valid values that survived are still kept.
   */
  readonly strategy?: 'IfNeeded' | 'Always';
  /**
   * Seconds after which the run gives up, retries included: from the start of the first attempt, or from when a Secret or ConfigMap of the target was first missed. Time spent waiting for approval, or for the lock of another recovery, does not count.
   */
  readonly timeoutSeconds?: number;
  /**
   * How often a run is tried again after a transient failure such as an unreachable Redis, with exponential backoff and jitter. Not set - until timeoutSeconds is over. Failures that a retry cannot mend end the run at once.
   */
  readonly backoffLimit?: number;
  /**
   * Automatic applies the plan at once. Manual stops before the write until approvedPlan equals status.plan.digest.
   */
  readonly approval?: 'Automatic' | 'Manual';
  /**
   * What to do when the metadata does not tell which of several values a lost setting had (finding UncertainValue). Apply writes the most probable one and reports it. Ask stops before the write until approvedPlan equals status.plan.digest.
   */
  readonly uncertainValues?: 'Apply' | 'Ask';
  /**
   * AfterRecovery has the server asked to sign what has expired once this run has recovered the app, over spec.api of the RecoveryTarget, also when its policies do not ask for it. It is followed in the app's BootstrapState, so a RecoveryPolicy has to cover the app; action Report is enough. Never leaves that to the policies.
   */
  readonly refresh?: 'Never' | 'AfterRecovery';
  /**
   * The digest of the plan a person has read and approves, copied from status.plan.digest. If the plan changes before it is applied, the run waits for approval of the new one.
   */
  readonly approvedPlan?: string;
  /**
   * Values and decisions that a person knows better than the metadata. Surviving valid values in Redis still win.
   */
  readonly overrides?: {
    /**
     * Lifetimes that the server gives to metadata it signs: a number of days, written 90 or 90d. Without them they are inferred from the metadata itself. A role that the app does not have is refused.
     */
    readonly expirations?: {
      /**
       * Lifetime of root metadata, in days. The server only shows it.
       */
      readonly root?: number | string;
      /**
       * Lifetime of targets metadata, in days.
       */
      readonly targets?: number | string;
      /**
       * Lifetime of snapshot metadata, in days.
       */
      readonly snapshot?: number | string;
      /**
       * Lifetime of timestamp metadata, in days.
       */
      readonly timestamp?: number | string;
      /**
       * Lifetime of delegated roles, in days, by role name in its original case.
       */
      readonly roles?: {
        readonly [k: string]: number | string;
      };
    };
    /**
     * Whether the server holds the targets key and signs targets itself. The bootstrap always sets it.
     */
    readonly targetsOnlineKey?: boolean;
    /**
     * Replace a key of the app that holds something other than a string. Without it such a key ends the run with CorruptType, because another program may be using it.
     */
    readonly replaceWrongType?: boolean;
    /**
     * A bootstrap of the server whose task record is older than this is taken to be dead, and its marker is replaced.
     */
    readonly staleAfterSeconds?: number;
  };
  /**
   * A person's answers, for this run only, to findings that would otherwise refuse the metadata. Invalid signatures cannot be overridden.
   */
  readonly trust?: {
    /**
     * Accept exactly this version of timestamp, although a higher one was verified before.
     */
    readonly acceptRollbackTo?: number;
    /**
     * Fail refuses the metadata when a delegated role is missing or invalid. Skip leaves that role's content out and reports it.
     */
    readonly onInvalidDelegation?: 'Fail' | 'Skip';
    /**
     * Accept metadata that expired up to this long ago: a number and a unit, s, m, h or d, for example 90d. 30 days when not set.
     */
    readonly maxExpiredAge?: string;
  };
  /**
   * Do not start. Has no effect on a run that has started; to end that one, set cancel.
   */
  readonly suspend?: boolean;
  /**
   * End the run at the next safe point. Cannot be withdrawn. Redis then holds the old or the new state, never a mixture.
   */
  readonly cancel?: boolean;
  /**
   * Delete the object this many seconds after it finished. Not set: it is kept. Do not set it on an object that lives in Git: it would be created again and run again, forever.
   */
  readonly ttlSecondsAfterFinished?: number;
}
