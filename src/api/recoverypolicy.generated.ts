/* Generated from the CRD by npm run generate: change crds/ instead. */
import type { Condition } from './condition.ts';
import type { ResourceMetadata } from './resource-metadata.ts';

/** RecoveryPolicy guards apps of one RecoveryTarget: a loss in Redis is noticed within a second. It reports what it finds; when asked to, it also creates the BootstrapRecovery that repairs it. What is known and remembered of each app is in its BootstrapState. As the API server returns it: defaults filled in. */
export interface RecoveryPolicy {
  readonly apiVersion: 'tuf-recovery.dev/v1alpha1';
  readonly kind: 'RecoveryPolicy';
  readonly metadata: ResourceMetadata;
  readonly spec: RecoveryPolicySpec;
  readonly status: RecoveryPolicyStatus;
}

/** A RecoveryPolicy as a person writes it: what has a default may be left out. */
export interface RecoveryPolicyManifest {
  readonly apiVersion: 'tuf-recovery.dev/v1alpha1';
  readonly kind: 'RecoveryPolicy';
  readonly metadata: Partial<ResourceMetadata>;
  readonly spec: RecoveryPolicyManifestSpec;
}

/**
 * What is guarded, and what follows a loss. Everything but targetRef can be changed at any time.
 */
export interface RecoveryPolicySpec {
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
   * The apps to guard, by name.
   */
  readonly apps?: readonly {
    /**
     * Name of the admin who owns the app, spelled exactly as on the server.
     */
    readonly adminName: string;
    /**
     * Name of the app, spelled exactly as on the server.
     */
    readonly appName: string;
  }[];
  /**
   * Guard every app in the bucket of the RecoveryTarget, new ones from when they appear. An app that was found once is guarded from then on, also when its metadata has vanished from the bucket.
   */
  readonly discover: boolean;
  /**
   * Report only reports a loss. Recover also creates a BootstrapRecovery, once a loss has persisted for stabilizationSeconds.
   */
  readonly action: 'Report' | 'Recover';
  /**
   * How long a loss must persist before a recovery is created; it is read again several times meanwhile. The server writes its settings one by one, and a rotation deletes some for a moment. 0 acts at once.
   */
  readonly stabilizationSeconds: number;
  /**
   * How often metadata and settings of each app are verified in full, at least. Between two full verifications a change in Redis is reported immediately, and new signatures by one conditional request.
   */
  readonly fullVerificationIntervalSeconds: number;
  /**
   * When the server of the app is asked to sign its online roles again, over spec.api of the RecoveryTarget: never, after a recovery that finds metadata expired, or also before it expires.
   */
  readonly refresh: 'Never' | 'AfterRecovery' | 'BeforeExpiry';
  /**
   * How long before its expiry a role is signed again: a number and a unit, s, m, h or d, for example 12h. When not set, a quarter of the role's lifetime.
   */
  readonly refreshBefore?: string;
  /**
   * How many recoveries of one app may write within an hour, at most. An app that needs more is losing its settings again and again; CircuitOpen says so, and a person has to find out why.
   */
  readonly maxRecoveriesPerHour: number;
  /**
   * Any text. When it changes, every app is verified in full now.
   */
  readonly trigger?: string;
  /**
   * Keep a copy of the settings of healthy apps, in their BootstrapState. A run then restores exactly these instead of inferring them from the metadata.
   */
  readonly captureSettings: boolean;
  /**
   * Guard nothing and create no runs. Runs under way go on.
   */
  readonly suspend: boolean;
  /**
   * How many runs that succeeded are kept.
   */
  readonly successfulRunsHistoryLimit: number;
  /**
   * How many runs that failed are kept.
   */
  readonly failedRunsHistoryLimit: number;
  /**
   * How the recoveries are made that action Recover creates. Its overrides and trust also hold for verifying, so that an app is judged as a recovery would judge it.
   */
  readonly recoveryTemplate: {
    /**
     * Seconds after which a run, or a verification of one app, gives up.
     */
    readonly timeoutSeconds: number;
    /**
     * How often a run is tried again after a transient failure. Not set - until timeoutSeconds is over.
     */
    readonly backoffLimit?: number;
    /**
     * Automatic applies the plan at once. Manual has the run wait until a person approves its plan.
     */
    readonly approval: 'Automatic' | 'Manual';
    /**
     * What to do when the metadata does not tell which of several values a lost setting had. Apply writes the most probable one and reports it. Ask has the run wait until a person approves its plan.
     */
    readonly uncertainValues: 'Apply' | 'Ask';
    /**
     * Values and decisions that a person knows better than the metadata. Surviving valid values in Redis still win.
     */
    readonly overrides?: {
      /**
       * Lifetimes that the server gives to metadata it signs: a number of days, written 90 or 90d. Without them they are inferred from the metadata itself. A role that an app does not have is passed over there.
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
     * A person's answers to findings that would otherwise refuse the metadata. Invalid signatures cannot be overridden.
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
  };
}

/**
 * How the apps are, in numbers; each one's own is in its BootstrapState. Written by the controller only.
 */
export interface RecoveryPolicyStatus {
  /**
   * The metadata.generation this status speaks of; -1 until the controller has seen the object.
   */
  readonly observedGeneration?: number;
  /**
   * The spec.trigger that was acted upon last.
   */
  readonly lastHandledTrigger?: string;
  /**
   * How many apps are guarded.
   */
  readonly appCount?: number;
  /**
   * How many of them have every setting.
   */
  readonly healthyCount?: number;
  /**
   * How many of them have lost something.
   */
  readonly lostCount?: number;
  /**
   * Of how many nothing is known, because something could not be read or is not trusted.
   */
  readonly unverifiableCount?: number;
  /**
   * How many of them a recovery would restore exactly.
   */
  readonly recoverableCount?: number;
  /**
   * How many of them have no expired metadata.
   */
  readonly freshCount?: number;
  /**
   * For how many of them a recovery is under way.
   */
  readonly recoveringCount?: number;
  /**
   * What earlier versions remembered here. It is taken over into the BootstrapState of each app once, and then removed.
   */
  readonly apps?: readonly {
    /**
     * Name of the admin who owns the app.
     */
    readonly adminName: string;
    /**
     * Name of the app.
     */
    readonly appName: string;
    /**
     * The newest metadata that was verified. Anything older is refused from then on, here and in every run for this app.
     */
    readonly marks?: {
      /**
       * The newest root that was verified.
       */
      readonly root?: {
        /**
         * Its version.
         */
        readonly version: number;
        /**
         * Digest of the exact bytes of the file, lower-case hexadecimal.
         */
        readonly sha256: string;
      };
      /**
       * The newest timestamp that was verified.
       */
      readonly timestamp?: {
        /**
         * Its version.
         */
        readonly version: number;
        /**
         * Digest of the exact bytes of the file, lower-case hexadecimal.
         */
        readonly sha256: string;
      };
      /**
       * The newest snapshot that was verified.
       */
      readonly snapshot?: {
        /**
         * Its version.
         */
        readonly version: number;
        /**
         * Digest of the exact bytes of the file, lower-case hexadecimal.
         */
        readonly sha256: string;
      };
    };
    /**
     * The ConfigMap that holds the settings as they were when the app was last healthy.
     */
    readonly settingsRef?: {
      /**
       * Name of the ConfigMap, in the same namespace.
       */
      readonly name: string;
    };
  }[];
  /**
   * Ready, LossDetected and CircuitOpen, with Stalled beside a Ready that only a person can mend.
   */
  readonly conditions?: readonly Condition[];
}

/**
 * What is guarded, and what follows a loss. Everything but targetRef can be changed at any time.
 */
export interface RecoveryPolicyManifestSpec {
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
   * The apps to guard, by name.
   */
  readonly apps?: readonly {
    /**
     * Name of the admin who owns the app, spelled exactly as on the server.
     */
    readonly adminName: string;
    /**
     * Name of the app, spelled exactly as on the server.
     */
    readonly appName: string;
  }[];
  /**
   * Guard every app in the bucket of the RecoveryTarget, new ones from when they appear. An app that was found once is guarded from then on, also when its metadata has vanished from the bucket.
   */
  readonly discover?: boolean;
  /**
   * Report only reports a loss. Recover also creates a BootstrapRecovery, once a loss has persisted for stabilizationSeconds.
   */
  readonly action?: 'Report' | 'Recover';
  /**
   * How long a loss must persist before a recovery is created; it is read again several times meanwhile. The server writes its settings one by one, and a rotation deletes some for a moment. 0 acts at once.
   */
  readonly stabilizationSeconds?: number;
  /**
   * How often metadata and settings of each app are verified in full, at least. Between two full verifications a change in Redis is reported immediately, and new signatures by one conditional request.
   */
  readonly fullVerificationIntervalSeconds?: number;
  /**
   * When the server of the app is asked to sign its online roles again, over spec.api of the RecoveryTarget: never, after a recovery that finds metadata expired, or also before it expires.
   */
  readonly refresh?: 'Never' | 'AfterRecovery' | 'BeforeExpiry';
  /**
   * How long before its expiry a role is signed again: a number and a unit, s, m, h or d, for example 12h. When not set, a quarter of the role's lifetime.
   */
  readonly refreshBefore?: string;
  /**
   * How many recoveries of one app may write within an hour, at most. An app that needs more is losing its settings again and again; CircuitOpen says so, and a person has to find out why.
   */
  readonly maxRecoveriesPerHour?: number;
  /**
   * Any text. When it changes, every app is verified in full now.
   */
  readonly trigger?: string;
  /**
   * Keep a copy of the settings of healthy apps, in their BootstrapState. A run then restores exactly these instead of inferring them from the metadata.
   */
  readonly captureSettings?: boolean;
  /**
   * Guard nothing and create no runs. Runs under way go on.
   */
  readonly suspend?: boolean;
  /**
   * How many runs that succeeded are kept.
   */
  readonly successfulRunsHistoryLimit?: number;
  /**
   * How many runs that failed are kept.
   */
  readonly failedRunsHistoryLimit?: number;
  /**
   * How the recoveries are made that action Recover creates. Its overrides and trust also hold for verifying, so that an app is judged as a recovery would judge it.
   */
  readonly recoveryTemplate?: {
    /**
     * Seconds after which a run, or a verification of one app, gives up.
     */
    readonly timeoutSeconds?: number;
    /**
     * How often a run is tried again after a transient failure. Not set - until timeoutSeconds is over.
     */
    readonly backoffLimit?: number;
    /**
     * Automatic applies the plan at once. Manual has the run wait until a person approves its plan.
     */
    readonly approval?: 'Automatic' | 'Manual';
    /**
     * What to do when the metadata does not tell which of several values a lost setting had. Apply writes the most probable one and reports it. Ask has the run wait until a person approves its plan.
     */
    readonly uncertainValues?: 'Apply' | 'Ask';
    /**
     * Values and decisions that a person knows better than the metadata. Surviving valid values in Redis still win.
     */
    readonly overrides?: {
      /**
       * Lifetimes that the server gives to metadata it signs: a number of days, written 90 or 90d. Without them they are inferred from the metadata itself. A role that an app does not have is passed over there.
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
     * A person's answers to findings that would otherwise refuse the metadata. Invalid signatures cannot be overridden.
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
  };
}
