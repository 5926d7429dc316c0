/* Generated from the CRD by npm run generate: change crds/ instead. */
import type { Condition } from './condition.ts';
import type { ObjectMeta } from './object-meta.ts';

/** RecoveryPolicy looks at apps of one RecoveryTarget again and again, so that a loss in Redis is noticed in minutes. It reports what it finds; when asked to, it also creates the BootstrapRecovery that repairs it. It remembers the newest metadata it has verified, and the settings of healthy apps; runs use both. As the API server returns it: defaults filled in. */
export interface RecoveryPolicy {
  readonly apiVersion: 'tuf-recovery.dev/v1alpha1';
  readonly kind: 'RecoveryPolicy';
  readonly metadata: ObjectMeta;
  readonly spec: RecoveryPolicySpec;
  readonly status: RecoveryPolicyStatus;
}

/** A RecoveryPolicy as a person writes it: what has a default may be left out. */
export interface RecoveryPolicyManifest {
  readonly apiVersion: 'tuf-recovery.dev/v1alpha1';
  readonly kind: 'RecoveryPolicy';
  readonly metadata: Partial<ObjectMeta>;
  readonly spec: RecoveryPolicyManifestSpec;
}

/**
 * What is looked at, how often, and what follows a loss. Everything but targetRef can be changed at any time.
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
   * The apps to look at, by name.
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
   * Look at every app that the RecoveryTarget finds in its bucket, at most 100. An app that was verified once is looked at from then on, also when its metadata has vanished from the bucket.
   */
  readonly discover: boolean;
  /**
   * How often each app is looked at. An app that could not be verified is looked at again after 30 seconds at the latest.
   */
  readonly intervalSeconds: number;
  /**
   * Report only tells. Recover also creates a BootstrapRecovery, once an app has been found with a loss failureThreshold times in a row.
   */
  readonly action: 'Report' | 'Recover';
  /**
   * How many times in a row an app must be found with a loss before a recovery is created. What could not be verified is no loss and does not count.
   */
  readonly failureThreshold: number;
  /**
   * How many recoveries of one app are created within an hour, at most. An app that needs more is losing its settings again and again; CircuitOpen says so, and a person has to find out why.
   */
  readonly maxRecoveriesPerHour: number;
  /**
   * Any text. When it changes, every app is looked at now.
   */
  readonly trigger?: string;
  /**
   * Keep a copy of the settings of healthy apps, in one ConfigMap for each app. A run then restores exactly these instead of inferring them from the metadata.
   */
  readonly captureSettings: boolean;
  /**
   * Look at nothing and create no runs. Runs under way go on.
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
   * How the recoveries are made that action Recover creates. Its overrides and trust also hold for looking, so that a look judges as a recovery would.
   */
  readonly recoveryTemplate: {
    /**
     * Seconds after which a run, or a look at one app, gives up.
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
       * Lifetimes, in days, that the server gives to metadata it signs. Without them they are inferred from the metadata itself.
       */
      readonly expirations?: {
        /**
         * Lifetime of root metadata, in days. The server only shows it.
         */
        readonly root?: number;
        /**
         * Lifetime of targets metadata, in days.
         */
        readonly targets?: number;
        /**
         * Lifetime of snapshot metadata, in days.
         */
        readonly snapshot?: number;
        /**
         * Lifetime of timestamp metadata, in days.
         */
        readonly timestamp?: number;
        /**
         * Lifetime of delegated roles, in days, by role name in its original case.
         */
        readonly roles?: {
          readonly [k: string]: number;
        };
      };
      /**
       * Whether the server holds the targets key and signs targets itself. The bootstrap always sets it.
       */
      readonly targetsOnlineKey?: boolean;
      /**
       * Replace a key of the app that holds something other than a string. Without it such a key ends the run with CorruptType, because somebody else may be using it.
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
 * What was found when apps were last looked at. Written by the controller only.
 */
export interface RecoveryPolicyStatus {
  /**
   * The metadata.generation this status speaks of; -1 until the controller has seen the object.
   */
  readonly observedGeneration?: number;
  /**
   * When apps were last looked at.
   */
  readonly lastVerificationTime?: string;
  /**
   * When an app is looked at next.
   */
  readonly nextVerificationTime?: string;
  /**
   * The spec.trigger that was acted upon last.
   */
  readonly lastHandledTrigger?: string;
  /**
   * How many apps are looked at.
   */
  readonly appCount?: number;
  /**
   * How many apps had lost something when they were last verified.
   */
  readonly lostCount?: number;
  /**
   * The apps, by admin and name, with all that is remembered about each.
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
     * What was found, in the words of a run's status.state, for example Healthy or FullLoss; Unverifiable when nothing could be found out, Unknown before the first look.
     */
    readonly state: string;
    /**
     * Why the app could not be verified, in one word; every word is documented.
     */
    readonly reason?: string;
    /**
     * Why the app could not be verified, and what to do next.
     */
    readonly message?: string;
    /**
     * When the app was last looked at, whatever came of it.
     */
    readonly lastLooked?: string;
    /**
     * When its settings were last compared with verified metadata.
     */
    readonly lastVerified?: string;
    /**
     * How many times in a row it was found with a loss.
     */
    readonly consecutiveLosses: number;
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
    /**
     * The recoveries created within an hour, up to the last one.
     */
    readonly recoveries?: readonly {
      /**
       * Name of the BootstrapRecovery.
       */
      readonly name: string;
      /**
       * When it was decided upon.
       */
      readonly time: string;
      /**
       * Ordered until it is known to exist, then UnderWay; at last Succeeded, Failed, or Deleted when it went before it ended.
       */
      readonly state: 'Ordered' | 'UnderWay' | 'Succeeded' | 'Failed' | 'Deleted';
    }[];
  }[];
  /**
   * The recoveries that have not ended.
   */
  readonly active?: readonly {
    /**
     * Name of the BootstrapRecovery.
     */
    readonly name: string;
    /**
     * Name of the admin who owns the app.
     */
    readonly adminName: string;
    /**
     * Name of the app.
     */
    readonly appName: string;
  }[];
  /**
   * Ready, LossDetected and CircuitOpen.
   */
  readonly conditions?: readonly Condition[];
}

/**
 * What is looked at, how often, and what follows a loss. Everything but targetRef can be changed at any time.
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
   * The apps to look at, by name.
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
   * Look at every app that the RecoveryTarget finds in its bucket, at most 100. An app that was verified once is looked at from then on, also when its metadata has vanished from the bucket.
   */
  readonly discover?: boolean;
  /**
   * How often each app is looked at. An app that could not be verified is looked at again after 30 seconds at the latest.
   */
  readonly intervalSeconds?: number;
  /**
   * Report only tells. Recover also creates a BootstrapRecovery, once an app has been found with a loss failureThreshold times in a row.
   */
  readonly action?: 'Report' | 'Recover';
  /**
   * How many times in a row an app must be found with a loss before a recovery is created. What could not be verified is no loss and does not count.
   */
  readonly failureThreshold?: number;
  /**
   * How many recoveries of one app are created within an hour, at most. An app that needs more is losing its settings again and again; CircuitOpen says so, and a person has to find out why.
   */
  readonly maxRecoveriesPerHour?: number;
  /**
   * Any text. When it changes, every app is looked at now.
   */
  readonly trigger?: string;
  /**
   * Keep a copy of the settings of healthy apps, in one ConfigMap for each app. A run then restores exactly these instead of inferring them from the metadata.
   */
  readonly captureSettings?: boolean;
  /**
   * Look at nothing and create no runs. Runs under way go on.
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
   * How the recoveries are made that action Recover creates. Its overrides and trust also hold for looking, so that a look judges as a recovery would.
   */
  readonly recoveryTemplate?: {
    /**
     * Seconds after which a run, or a look at one app, gives up.
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
       * Lifetimes, in days, that the server gives to metadata it signs. Without them they are inferred from the metadata itself.
       */
      readonly expirations?: {
        /**
         * Lifetime of root metadata, in days. The server only shows it.
         */
        readonly root?: number;
        /**
         * Lifetime of targets metadata, in days.
         */
        readonly targets?: number;
        /**
         * Lifetime of snapshot metadata, in days.
         */
        readonly snapshot?: number;
        /**
         * Lifetime of timestamp metadata, in days.
         */
        readonly timestamp?: number;
        /**
         * Lifetime of delegated roles, in days, by role name in its original case.
         */
        readonly roles?: {
          readonly [k: string]: number;
        };
      };
      /**
       * Whether the server holds the targets key and signs targets itself. The bootstrap always sets it.
       */
      readonly targetsOnlineKey?: boolean;
      /**
       * Replace a key of the app that holds something other than a string. Without it such a key ends the run with CorruptType, because somebody else may be using it.
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
