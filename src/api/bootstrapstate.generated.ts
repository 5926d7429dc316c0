/* Generated from the CRD by npm run generate: change crds/ instead. */
import type { Condition } from './condition.ts';
import type { ResourceMetadata } from './resource-metadata.ts';

/** BootstrapState is what is known and remembered of one app of one RecoveryTarget. The controller creates and writes it; people read it. Its memory, high-water marks and captured settings, counts for every policy and every run of the app. Deleting it makes the controller forget, deliberately. As the API server returns it: defaults filled in. */
export interface BootstrapState {
  readonly apiVersion: 'tuf-recovery.dev/v1alpha1';
  readonly kind: 'BootstrapState';
  readonly metadata: ResourceMetadata;
  readonly spec: BootstrapStateSpec;
  readonly status: BootstrapStateStatus;
}

/** A BootstrapState as a person writes it: what has a default may be left out. */
export interface BootstrapStateManifest {
  readonly apiVersion: 'tuf-recovery.dev/v1alpha1';
  readonly kind: 'BootstrapState';
  readonly metadata: Partial<ResourceMetadata>;
  readonly spec: BootstrapStateManifestSpec;
}

/**
 * Which app it is about. Immutable.
 */
export interface BootstrapStateSpec {
  /**
   * The RecoveryTarget in the same namespace.
   */
  readonly targetRef: {
    /**
     * Name of the RecoveryTarget.
     */
    readonly name: string;
  };
  /**
   * Name of the admin who owns the app.
   */
  readonly adminName: string;
  /**
   * Name of the app.
   */
  readonly appName: string;
}

/**
 * What is known and remembered. Written by the controller only, on change and once an hour.
 */
export interface BootstrapStateStatus {
  /**
   * The metadata.generation this status speaks of; -1 until the controller has seen the object.
   */
  readonly observedGeneration?: number;
  /**
   * What was found, in the words of a run's status.state, for example Healthy or FullLoss; Unverifiable when nothing could be found out, Unknown before the first verification.
   */
  readonly state?: string;
  /**
   * When metadata and settings were last verified in full.
   */
  readonly lastVerificationTime?: string;
  /**
   * When the present loss was noticed; absent when nothing is lost.
   */
  readonly lossDetectedTime?: string;
  /**
   * How many checks in a row have found a loss, as of the last write of this status.
   */
  readonly consecutiveLosses?: number;
  /**
   * Digest of the policies that the last verification was made for. A changed policy means another verification.
   */
  readonly policyRevision?: string;
  /**
   * When the first of the metadata of the app expires.
   */
  readonly freshUntilTime?: string;
  /**
   * Versions and expiry of the verified metadata.
   */
  readonly metadata?: {
    /**
     * The newest root.
     */
    readonly root?: {
      /**
       * Its version.
       */
      readonly version: number;
      /**
       * When clients stop accepting it.
       */
      readonly expiresTime: string;
      /**
       * When less than a quarter of its lifetime is left; absent when its lifetime is not known.
       */
      readonly warnTime?: string;
    };
    /**
     * The timestamp.
     */
    readonly timestamp?: {
      /**
       * Its version.
       */
      readonly version: number;
      /**
       * When clients stop accepting it.
       */
      readonly expiresTime: string;
      /**
       * When less than a quarter of its lifetime is left; absent when its lifetime is not known.
       */
      readonly warnTime?: string;
    };
    /**
     * The snapshot.
     */
    readonly snapshot?: {
      /**
       * Its version.
       */
      readonly version: number;
      /**
       * When clients stop accepting it.
       */
      readonly expiresTime: string;
      /**
       * When less than a quarter of its lifetime is left; absent when its lifetime is not known.
       */
      readonly warnTime?: string;
    };
    /**
     * The top-level targets.
     */
    readonly targets?: {
      /**
       * Its version.
       */
      readonly version: number;
      /**
       * When clients stop accepting it.
       */
      readonly expiresTime: string;
      /**
       * When less than a quarter of its lifetime is left; absent when its lifetime is not known.
       */
      readonly warnTime?: string;
    };
    /**
     * The delegated role that expires first.
     */
    readonly delegated?: {
      /**
       * Its name.
       */
      readonly role: string;
      /**
       * Its version.
       */
      readonly version: number;
      /**
       * When clients stop accepting it.
       */
      readonly expiresTime: string;
      /**
       * When less than a quarter of its lifetime is left; absent when its lifetime is not known.
       */
      readonly warnTime?: string;
    };
  };
  /**
   * What a recovery from the bucket alone would restore, compared with what Redis holds.
   */
  readonly recoverable?: {
    /**
     * Exact of total, for example 17/17.
     */
    readonly summary: string;
    /**
     * How many settings it would restore exactly.
     */
    readonly exact: number;
    /**
     * How many settings the app has.
     */
    readonly total: number;
    /**
     * How many settings only the captured copy holds.
     */
    readonly copyOnly?: number;
    /**
     * The first settings that it would restore with another value.
     */
    readonly differences?: readonly {
      /**
       * The Redis key.
       */
      readonly key: string;
      /**
       * What Redis holds.
       */
      readonly value: string;
      /**
       * What a recovery from the bucket alone would write.
       */
      readonly wouldBe: string;
      /**
       * Where that value would come from.
       */
      readonly source: string;
      /**
       * Whether the captured copy holds the value that Redis holds.
       */
      readonly captured: boolean;
    }[];
  };
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
   * The settings as they were when the app was last healthy, when they are few.
   */
  readonly capturedSettings?: {
    /**
     * When they were read.
     */
    readonly captureTime: string;
    /**
     * Version of the timestamp they were read beside.
     */
    readonly timestampVersion: number;
    /**
     * Digest of the timestamp they were read beside, lower-case hexadecimal.
     */
    readonly timestampSHA256: string;
    /**
     * The settings, by key.
     */
    readonly values: readonly {
      /**
       * The Redis key.
       */
      readonly key: string;
      /**
       * What it held.
       */
      readonly value: string;
    }[];
  };
  /**
   * The ConfigMap that holds the settings as they were when the app was last healthy, when they are many.
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
     * Name of the RecoveryPolicy that asked for it.
     */
    readonly policy: string;
    /**
     * Ordered until it is known to exist, then UnderWay; at last Succeeded, NotNeeded, Failed, or Deleted when it was deleted before it ended.
     */
    readonly state: 'Ordered' | 'UnderWay' | 'Succeeded' | 'NotNeeded' | 'Failed' | 'Deleted';
  }[];
  /**
   * The last request for new signatures that was sent to the server of the app.
   */
  readonly refresh?: {
    /**
     * Ordered before the request is sent, UnderWay while the server works on it, then Succeeded once the bucket holds the new metadata, or Failed.
     */
    readonly state: 'Ordered' | 'UnderWay' | 'Succeeded' | 'Failed';
    /**
     * The roles that were asked for.
     */
    readonly roles: readonly string[];
    /**
     * When it was decided upon.
     */
    readonly requestTime: string;
    /**
     * The task of the server, once it has answered.
     */
    readonly taskID?: string;
    /**
     * The version of timestamp before the request.
     */
    readonly timestampVersion?: number;
    /**
     * How many requests in a row have failed.
     */
    readonly failures?: number;
    /**
     * What the server answered last, when it was no success.
     */
    readonly message?: string;
    /**
     * When requests were sent within the last hour.
     */
    readonly requests?: readonly string[];
  };
  /**
   * Healthy, Recoverable, Fresh and CircuitOpen, with Ready, Reconciling and Stalled for generic tools.
   */
  readonly conditions?: readonly Condition[];
}

/**
 * Which app it is about. Immutable.
 */
export interface BootstrapStateManifestSpec {
  /**
   * The RecoveryTarget in the same namespace.
   */
  readonly targetRef: {
    /**
     * Name of the RecoveryTarget.
     */
    readonly name: string;
  };
  /**
   * Name of the admin who owns the app.
   */
  readonly adminName: string;
  /**
   * Name of the app.
   */
  readonly appName: string;
}
