/* Generated from the CRD by npm run generate: change crds/ instead. */
import type { Condition } from './condition.ts';
import type { ResourceMetadata } from './resource-metadata.ts';

/** RecoveryTarget says where one faynoSync installation keeps its state: which Redis, which bucket, and which root of trust. Runs refer to it; Secrets are read fresh for each of them and are never copied anywhere. As the API server returns it: defaults filled in. */
export interface RecoveryTarget {
  readonly apiVersion: 'tuf-recovery.dev/v1alpha1';
  readonly kind: 'RecoveryTarget';
  readonly metadata: ResourceMetadata;
  readonly spec: RecoveryTargetSpec;
  readonly status: RecoveryTargetStatus;
}

/** A RecoveryTarget as a person writes it: what has a default may be left out. */
export interface RecoveryTargetManifest {
  readonly apiVersion: 'tuf-recovery.dev/v1alpha1';
  readonly kind: 'RecoveryTarget';
  readonly metadata: Partial<ResourceMetadata>;
  readonly spec: RecoveryTargetManifestSpec;
}

/**
 * Where Redis and the metadata are, and what is trusted.
 */
export interface RecoveryTargetSpec {
  /**
   * The Redis of the server, exactly as the server itself reaches it.
   */
  readonly redis: {
    /**
     * Host and port of a standalone Redis, for example redis.faynosync.svc:6379 or [::1]:6379.
     */
    readonly address?: string;
    /**
     * Find the primary through Redis Sentinel.
     */
    readonly sentinel?: {
      /**
       * Host and port of each Sentinel.
       */
      readonly addresses: readonly string[];
      /**
       * Name under which the Sentinels watch the primary, for example mymaster.
       */
      readonly master: string;
      /**
       * The password of the Sentinels themselves, when they ask for one.
       */
      readonly passwordSecretRef?: {
        /**
         * Name of the Secret, in the same namespace.
         */
        readonly name: string;
        /**
         * Key in the Secret.
         */
        readonly key: string;
      };
    };
    /**
     * Number of the database, REDIS_DB of the server.
     */
    readonly db: number;
    /**
     * ACL user. Without it the password belongs to the default user.
     */
    readonly username?: string;
    /**
     * The password of Redis.
     */
    readonly passwordSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the Secret.
       */
      readonly key: string;
    };
    /**
     * Connect with TLS. An empty object trusts the public authorities.
     */
    readonly tls?: {
      /**
       * The authority that signed the certificate of Redis, PEM.
       */
      readonly caSecretRef?: {
        /**
         * Name of the Secret, in the same namespace.
         */
        readonly name: string;
        /**
         * Key in the Secret.
         */
        readonly key: string;
      };
      /**
       * The client certificate, a Secret of type kubernetes.io/tls with tls.crt and tls.key.
       */
      readonly certSecretRef?: {
        /**
         * Name of the Secret, in the same namespace.
         */
        readonly name: string;
      };
      /**
       * The name the certificate must hold; the host of the address when not set.
       */
      readonly serverName?: string;
    };
    /**
     * How many replicas must confirm a write before it counts as done.
     */
    readonly minReplicas: number;
  };
  /**
   * The bucket in which the server keeps the signed metadata. It is only ever read.
   */
  readonly storage: {
    /**
     * Name of the bucket, S3_BUCKET_NAME of the server. Ceph - <tenant>:<bucket> with forcePathStyle.
     */
    readonly bucket: string;
    /**
     * Path in the bucket above <admin>/<app>/, without slashes at its ends.
     */
    readonly prefix: string;
    /**
     * Region of the bucket.
     */
    readonly region: string;
    /**
     * URL of an S3-compatible store, with its path if it has one. Not set - AWS itself.
     */
    readonly endpoint?: string;
    /**
     * Put the bucket into the path instead of the host name, as most S3-compatible stores need.
     */
    readonly forcePathStyle: boolean;
    /**
     * The access key.
     */
    readonly credentialsSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the Secret that holds the access key id.
       */
      readonly accessKeyIDKey: string;
      /**
       * Key in the Secret that holds the secret access key.
       */
      readonly secretAccessKeyKey: string;
      /**
       * Key in the Secret that holds a session token. Used only when the Secret has it.
       */
      readonly sessionTokenKey: string;
    };
    /**
     * Use the identity of the controller itself: IRSA, EKS Pod Identity or the role of the instance. Every user who may create targets in this namespace then reads with it.
     */
    readonly ambient: boolean;
    /**
     * The authority that signed the certificate of the endpoint, PEM.
     */
    readonly caSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the Secret.
       */
      readonly key: string;
    };
    /**
     * Most requests to the store in one second. Not set - no limit of its own.
     */
    readonly requestsPerSecond?: number;
    /**
     * Most requests to the store in flight at once, for one run.
     */
    readonly concurrency: number;
  };
  /**
   * The root of trust. Each app of the server has its own root: name the apps one by one under apps, or give one answer for all that are not named.
   */
  readonly trust: {
    /**
     * Digest of the exact bytes of one N.root.json, lower-case hexadecimal, as sha256sum prints it. The chain is walked from that root to the newest one.
     */
    readonly rootSHA256?: string;
    /**
     * A ConfigMap that holds a trusted root.json.
     */
    readonly rootConfigMapRef?: {
      /**
       * Name of the ConfigMap, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the ConfigMap.
       */
      readonly key: string;
    };
    /**
     * Trust the oldest root in the bucket. Anyone with write access to the bucket can then replace all of it; prefer a pinned root.
     */
    readonly onFirstUse: boolean;
    /**
     * The lowest versions that are acceptable, a floor below which the bucket is refused as rolled back.
     */
    readonly minimumVersions?: {
      /**
       * Lowest version of root.
       */
      readonly root?: number;
      /**
       * Lowest version of timestamp.
       */
      readonly timestamp?: number;
      /**
       * Lowest version of snapshot.
       */
      readonly snapshot?: number;
      /**
       * Lowest version of targets.
       */
      readonly targets?: number;
    };
    /**
     * The root of trust of single apps. It wins over the one for all.
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
       * Digest of the exact bytes of one N.root.json of this app, lower-case hexadecimal.
       */
      readonly rootSHA256?: string;
      /**
       * A ConfigMap that holds a trusted root.json of this app.
       */
      readonly rootConfigMapRef?: {
        /**
         * Name of the ConfigMap, in the same namespace.
         */
        readonly name: string;
        /**
         * Key in the ConfigMap.
         */
        readonly key: string;
      };
    }[];
  };
  /**
   * The HTTP API of the server. Optional: a policy with refresh uses it to have metadata signed again.
   */
  readonly api?: {
    /**
     * Base URL of the server, for example https://updates.example.com.
     */
    readonly url: string;
    /**
     * Certificates that are trusted in place of the system's.
     */
    readonly caSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the Secret.
       */
      readonly key: string;
    };
    /**
     * The secret with which the server signs its JWTs. A token of the admin is made for each call and lives for a minute.
     */
    readonly jwtSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the Secret.
       */
      readonly key: string;
    };
    /**
     * Passwords for POST /login, each under the name of its admin as the key.
     */
    readonly loginSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
    };
  };
  /**
   * ReadWrite allows recoveries. ReadOnly allows mode Verify only.
   */
  readonly accessMode: 'ReadWrite' | 'ReadOnly';
  /**
   * How often Redis, storage and the trusted root are checked. The bucket of a target that a policy guards is asked by the guard all the time; it is listed again when that fails, when the number of apps changes, and every six hours.
   */
  readonly validationIntervalSeconds: number;
  /**
   * Start no runs against this target and do not check it. Runs in progress continue.
   */
  readonly suspend: boolean;
}

/**
 * The result of the last check. Written by the controller only.
 */
export interface RecoveryTargetStatus {
  /**
   * The metadata.generation this status speaks of; -1 until the controller has seen the object.
   */
  readonly observedGeneration?: number;
  /**
   * When the target was last checked and found as it says here. Written when something has changed, and every six hours.
   */
  readonly lastValidationTime?: string;
  /**
   * What Redis says about itself. Version and role are absent when the ACL of the user forbids INFO.
   */
  readonly redis?: {
    /**
     * Version of the Redis server.
     */
    readonly version?: string;
    /**
     * master or replica. A recovery needs the master.
     */
    readonly role?: string;
    /**
     * How far the clocks of Redis and the controller are apart. Absent when Redis does not tell its time.
     */
    readonly clockSkewSeconds?: number;
    /**
     * Commands of a recovery that the ACL refuses the user of the target, on the keys of one app. Empty when it refuses none; absent when that is not known: before an app was found, with accessMode ReadOnly, and before Redis 7.
     */
    readonly refusedCommands?: readonly string[];
    /**
     * What puts the bootstrap state or a recovery at risk, such as an eviction policy, no persistence, a clock that is wrong, or a permission that is missing.
     */
    readonly warnings?: readonly {
      /**
       * Stable name of the warning.
       */
      readonly code: string;
      /**
       * What was found and what to do about it.
       */
      readonly detail: string;
    }[];
  };
  /**
   * How many apps were found in the bucket; 100 stands for 100 or more.
   */
  readonly appCount?: number;
  /**
   * The first 100 apps found in the bucket, by name.
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
     * Highest root version in the bucket, as listed; not verified.
     */
    readonly rootVersion?: number;
  }[];
  /**
   * RedisReachable, StorageReachable, TrustRootLoaded and Ready, which is True when the other three are.
   */
  readonly conditions?: readonly Condition[];
}

/**
 * Where Redis and the metadata are, and what is trusted.
 */
export interface RecoveryTargetManifestSpec {
  /**
   * The Redis of the server, exactly as the server itself reaches it.
   */
  readonly redis: {
    /**
     * Host and port of a standalone Redis, for example redis.faynosync.svc:6379 or [::1]:6379.
     */
    readonly address?: string;
    /**
     * Find the primary through Redis Sentinel.
     */
    readonly sentinel?: {
      /**
       * Host and port of each Sentinel.
       */
      readonly addresses: readonly string[];
      /**
       * Name under which the Sentinels watch the primary, for example mymaster.
       */
      readonly master: string;
      /**
       * The password of the Sentinels themselves, when they ask for one.
       */
      readonly passwordSecretRef?: {
        /**
         * Name of the Secret, in the same namespace.
         */
        readonly name: string;
        /**
         * Key in the Secret.
         */
        readonly key?: string;
      };
    };
    /**
     * Number of the database, REDIS_DB of the server.
     */
    readonly db?: number;
    /**
     * ACL user. Without it the password belongs to the default user.
     */
    readonly username?: string;
    /**
     * The password of Redis.
     */
    readonly passwordSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the Secret.
       */
      readonly key?: string;
    };
    /**
     * Connect with TLS. An empty object trusts the public authorities.
     */
    readonly tls?: {
      /**
       * The authority that signed the certificate of Redis, PEM.
       */
      readonly caSecretRef?: {
        /**
         * Name of the Secret, in the same namespace.
         */
        readonly name: string;
        /**
         * Key in the Secret.
         */
        readonly key?: string;
      };
      /**
       * The client certificate, a Secret of type kubernetes.io/tls with tls.crt and tls.key.
       */
      readonly certSecretRef?: {
        /**
         * Name of the Secret, in the same namespace.
         */
        readonly name: string;
      };
      /**
       * The name the certificate must hold; the host of the address when not set.
       */
      readonly serverName?: string;
    };
    /**
     * How many replicas must confirm a write before it counts as done.
     */
    readonly minReplicas?: number;
  };
  /**
   * The bucket in which the server keeps the signed metadata. It is only ever read.
   */
  readonly storage: {
    /**
     * Name of the bucket, S3_BUCKET_NAME of the server. Ceph - <tenant>:<bucket> with forcePathStyle.
     */
    readonly bucket: string;
    /**
     * Path in the bucket above <admin>/<app>/, without slashes at its ends.
     */
    readonly prefix?: string;
    /**
     * Region of the bucket.
     */
    readonly region?: string;
    /**
     * URL of an S3-compatible store, with its path if it has one. Not set - AWS itself.
     */
    readonly endpoint?: string;
    /**
     * Put the bucket into the path instead of the host name, as most S3-compatible stores need.
     */
    readonly forcePathStyle?: boolean;
    /**
     * The access key.
     */
    readonly credentialsSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the Secret that holds the access key id.
       */
      readonly accessKeyIDKey?: string;
      /**
       * Key in the Secret that holds the secret access key.
       */
      readonly secretAccessKeyKey?: string;
      /**
       * Key in the Secret that holds a session token. Used only when the Secret has it.
       */
      readonly sessionTokenKey?: string;
    };
    /**
     * Use the identity of the controller itself: IRSA, EKS Pod Identity or the role of the instance. Every user who may create targets in this namespace then reads with it.
     */
    readonly ambient?: boolean;
    /**
     * The authority that signed the certificate of the endpoint, PEM.
     */
    readonly caSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the Secret.
       */
      readonly key?: string;
    };
    /**
     * Most requests to the store in one second. Not set - no limit of its own.
     */
    readonly requestsPerSecond?: number;
    /**
     * Most requests to the store in flight at once, for one run.
     */
    readonly concurrency?: number;
  };
  /**
   * The root of trust. Each app of the server has its own root: name the apps one by one under apps, or give one answer for all that are not named.
   */
  readonly trust: {
    /**
     * Digest of the exact bytes of one N.root.json, lower-case hexadecimal, as sha256sum prints it. The chain is walked from that root to the newest one.
     */
    readonly rootSHA256?: string;
    /**
     * A ConfigMap that holds a trusted root.json.
     */
    readonly rootConfigMapRef?: {
      /**
       * Name of the ConfigMap, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the ConfigMap.
       */
      readonly key?: string;
    };
    /**
     * Trust the oldest root in the bucket. Anyone with write access to the bucket can then replace all of it; prefer a pinned root.
     */
    readonly onFirstUse?: boolean;
    /**
     * The lowest versions that are acceptable, a floor below which the bucket is refused as rolled back.
     */
    readonly minimumVersions?: {
      /**
       * Lowest version of root.
       */
      readonly root?: number;
      /**
       * Lowest version of timestamp.
       */
      readonly timestamp?: number;
      /**
       * Lowest version of snapshot.
       */
      readonly snapshot?: number;
      /**
       * Lowest version of targets.
       */
      readonly targets?: number;
    };
    /**
     * The root of trust of single apps. It wins over the one for all.
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
       * Digest of the exact bytes of one N.root.json of this app, lower-case hexadecimal.
       */
      readonly rootSHA256?: string;
      /**
       * A ConfigMap that holds a trusted root.json of this app.
       */
      readonly rootConfigMapRef?: {
        /**
         * Name of the ConfigMap, in the same namespace.
         */
        readonly name: string;
        /**
         * Key in the ConfigMap.
         */
        readonly key?: string;
      };
    }[];
  };
  /**
   * The HTTP API of the server. Optional: a policy with refresh uses it to have metadata signed again.
   */
  readonly api?: {
    /**
     * Base URL of the server, for example https://updates.example.com.
     */
    readonly url: string;
    /**
     * Certificates that are trusted in place of the system's.
     */
    readonly caSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the Secret.
       */
      readonly key?: string;
    };
    /**
     * The secret with which the server signs its JWTs. A token of the admin is made for each call and lives for a minute.
     */
    readonly jwtSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
      /**
       * Key in the Secret.
       */
      readonly key?: string;
    };
    /**
     * Passwords for POST /login, each under the name of its admin as the key.
     */
    readonly loginSecretRef?: {
      /**
       * Name of the Secret, in the same namespace.
       */
      readonly name: string;
    };
  };
  /**
   * ReadWrite allows recoveries. ReadOnly allows mode Verify only.
   */
  readonly accessMode?: 'ReadWrite' | 'ReadOnly';
  /**
   * How often Redis, storage and the trusted root are checked. The bucket of a target that a policy guards is asked by the guard all the time; it is listed again when that fails, when the number of apps changes, and every six hours.
   */
  readonly validationIntervalSeconds?: number;
  /**
   * Start no runs against this target and do not check it. Runs in progress continue.
   */
  readonly suspend?: boolean;
}
