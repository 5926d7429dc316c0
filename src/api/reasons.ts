/**
 * The vocabulary of a BootstrapRecovery's conditions. Every reason stands here once, with what it means and
 * what to do next; conditions, events, metrics labels, the command line and the reference page are made from
 * this table.
 */

/** What is documented about one reason. */
export interface ReasonDoc {
  /** The condition status this reason goes with. */
  readonly status: 'True' | 'False' | 'Unknown';
  /** What it means, one sentence. */
  readonly meaning: string;
  /** What a person does about it; empty when there is nothing to do. */
  readonly next: string;
}

/** Reasons of `Succeeded`, the top-level condition. True and False are terminal and never change. */
export const succeededReasons = {
  Recovered: {
    status: 'True',
    meaning: 'Lost settings were rebuilt, written in one step, read back and found complete.',
    next: '',
  },
  AlreadyConsistent: {
    status: 'True',
    meaning: 'Nothing was lost: every setting is present and valid; nothing was written.',
    next: '',
  },
  Verified: {
    status: 'True',
    meaning: 'Mode Verify: metadata and Redis agree; nothing was written.',
    next: '',
  },
  DriftDetected: {
    status: 'False',
    meaning:
      'Mode Verify: something is lost or invalid in Redis; the plan shows what a recovery would write.',
    next: 'Read status.plan; create a BootstrapRecovery with mode Recover to apply it.',
  },
  TrustVerificationFailed: {
    status: 'False',
    meaning:
      'The signed metadata does not verify against the trusted root, so nothing was believed or written.',
    next: 'Read status.findings: the first one names the file and the check. Restore that file or correct the trusted root.',
  },
  RollbackDetected: {
    status: 'False',
    meaning: 'The bucket holds an older state than one that was verified before, or than the target allows.',
    next: 'Restore the newest metadata; if the older state is wanted, lower trust.minimumVersions of the target, or answer a finding that names it with spec.trust.acceptRollbackTo in a new run.',
  },
  SourceNotBootstrapped: {
    status: 'False',
    meaning:
      'There is no persisted root metadata for this app: it was never bootstrapped, or its name is wrong.',
    next: 'Check adminName, appName, bucket and prefix; bootstrap the app on the server if it is new.',
  },
  SourceAccessDenied: {
    status: 'False',
    meaning: 'Storage refused the credentials or the permission to list or read.',
    next: 'Check the credentials and grant s3:ListBucket and s3:GetObject on the prefix.',
  },
  SourceNotFound: {
    status: 'False',
    meaning: 'The bucket or directory does not exist.',
    next: 'Check the bucket, the region and the endpoint of the RecoveryTarget.',
  },
  RedisAccessDenied: {
    status: 'False',
    meaning: 'The ACL of this user does not allow a command or a key the run needs.',
    next: 'Grant it; the reference lists the minimal ACL. Then create a new run.',
  },
  RedisAuthRequired: {
    status: 'False',
    meaning: 'Redis asks for a password and none was given.',
    next: 'Set redis.passwordSecretRef on the RecoveryTarget, then create a new run.',
  },
  RedisWrongPassword: {
    status: 'False',
    meaning: 'Redis refused the user name or the password.',
    next: 'Correct the Secret the RecoveryTarget names, then create a new run.',
  },
  RedisTLSFailed: {
    status: 'False',
    meaning:
      'The TLS connection to Redis could not be set up: an unknown authority, a wrong name, or no TLS there.',
    next: 'Correct redis.tls of the RecoveryTarget, then create a new run.',
  },
  RedisReadOnly: {
    status: 'False',
    meaning: 'This Redis is a replica or refuses writes.',
    next: 'Point the target at the primary, or at Sentinel.',
  },
  RedisUnsupported: {
    status: 'False',
    meaning:
      'What answers is no Redis the server itself can use: it runs as a Cluster, or does not speak as Redis does.',
    next: "Check the address; use a standalone or Sentinel Redis: the server's keys carry no hash tags.",
  },
  RedisWriteFailed: {
    status: 'False',
    meaning: 'Redis refused the write; the script writes all or nothing, so nothing changed.',
    next: "The message names Redis' own error; mend it and create a new run.",
  },
  RedisOutOfMemory: {
    status: 'False',
    meaning: 'Redis is out of memory and evicts nothing, so it refused the write; nothing changed.',
    next: 'Give Redis more memory, then create a new run.',
  },
  RedisPersistenceFailed: {
    status: 'False',
    meaning: 'Redis cannot save to disk and therefore refuses writes; nothing changed.',
    next: "Mend Redis' disk, then create a new run.",
  },
  CorruptType: {
    status: 'False',
    meaning: 'A key of the app holds something other than a string.',
    next: 'Check what the key holds; set spec.overrides.replaceWrongType: true in a new run to replace it.',
  },
  KeyCollision: {
    status: 'False',
    meaning: 'Two roles would share one Redis key, or a role name cannot be a key.',
    next: 'Rename the role in the delegations; the finding names it.',
  },
  FailedBootstrap: {
    status: 'False',
    meaning:
      'The bootstrap of this app never finished: the chain in storage is incomplete, so there is nothing to rebuild from.',
    next: 'Upload the missing files or remove the unfinished root and bootstrap again; the message names what is missing.',
  },
  BootstrapInProgress: {
    status: 'False',
    meaning: 'The server is bootstrapping this app right now.',
    next: 'Wait for the named task to end, then create a new run if it is still needed.',
  },
  Conflict: {
    status: 'False',
    meaning: 'The same keys kept changing while the plan was applied; nothing was written.',
    next: 'Find out who writes to these keys and create a new run.',
  },
  PostVerificationFailed: {
    status: 'False',
    meaning: 'After the write Redis did not hold what the plan said, or too few replicas confirmed it.',
    next: 'Check replication, eviction policy and other writers; then create a new run.',
  },
  BackoffLimitExceeded: {
    status: 'False',
    meaning: 'Every allowed attempt failed with a transient failure.',
    next: 'The message holds the last failure; mend it and create a new run.',
  },
  DeadlineExceeded: {
    status: 'False',
    meaning: 'The time given by timeoutSeconds ran out.',
    next: 'The message says what it waited for; mend it and create a new run.',
  },
  Cancelled: {
    status: 'False',
    meaning: 'spec.cancel was set; Redis holds the old or the new state, never a mixture.',
    next: '',
  },
  Denied: {
    status: 'False',
    meaning: 'The target does not allow this: it is read-only.',
    next: 'Use mode Verify, or set accessMode: ReadWrite on the RecoveryTarget.',
  },
  InvalidReference: {
    status: 'False',
    meaning:
      'Something the run refers to is malformed or not allowed: a host, a port, a root, what a Secret holds.',
    next: 'The message names it; correct it and then create a new run.',
  },
  Pending: { status: 'Unknown', meaning: 'Seen, not started yet.', next: '' },
  Suspended: {
    status: 'Unknown',
    meaning: 'spec.suspend is set, so the run does not start.',
    next: 'Set spec.suspend: false to start it.',
  },
  WaitingForTarget: {
    status: 'Unknown',
    meaning:
      'The RecoveryTarget does not exist or is suspended, or a Secret or ConfigMap that it refers to is not there yet.',
    next: 'The message names it and what it lacks.',
  },
  WaitingForLock: {
    status: 'Unknown',
    meaning: 'Another recovery of the same app holds the lock.',
    next: 'The message names the holder; the lock expires.',
  },
  AwaitingApproval: {
    status: 'Unknown',
    meaning:
      'The plan is ready and waits for approval: approval is Manual, or uncertainValues is Ask and a value is uncertain.',
    next: 'Read status.plan and set spec.approvedPlan to status.plan.digest.',
  },
  Running: { status: 'Unknown', meaning: 'The run is under way; status.progress says where.', next: '' },
  Retrying: {
    status: 'Unknown',
    meaning: 'A transient failure; the next attempt is scheduled.',
    next: 'The message holds the failure; the attempt is repeated automatically.',
  },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of the `Succeeded` condition. */
export type SucceededReason = keyof typeof succeededReasons;

/** Reasons of `Accepted`, the early answer for the HTTP shim and for people. */
export const acceptedReasons = {
  RecoveryRequired: {
    status: 'True',
    meaning: 'Something is lost and the run rebuilds it.',
    next: '',
  },
  NotRequired: { status: 'False', meaning: 'Nothing is lost.', next: '' },
  BootstrapInProgress: {
    status: 'False',
    meaning: 'The server is bootstrapping this app right now.',
    next: 'Wait for the named task.',
  },
  RecoveryInProgress: {
    status: 'False',
    meaning: 'Another recovery holds the lock of this app.',
    next: 'Wait for it to end.',
  },
  NoPersistedRoot: {
    status: 'False',
    meaning: 'There is no root metadata in storage.',
    next: 'Bootstrap the app first.',
  },
  InvalidReference: {
    status: 'False',
    meaning: 'Something the run refers to is missing or malformed.',
    next: 'See Succeeded.',
  },
  Denied: { status: 'False', meaning: 'The run was refused; Succeeded says why.', next: 'See Succeeded.' },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of the `Accepted` condition. */
export type AcceptedReason = keyof typeof acceptedReasons;

/** Reasons of `TrustVerified`. */
export const trustReasons = {
  MetadataVerified: {
    status: 'True',
    meaning: 'The chain verifies from the trusted root to every role.',
    next: '',
  },
  MetadataRefused: {
    status: 'False',
    meaning: 'A wall or an unanswered deny finding refused the metadata.',
    next: 'Read status.findings.',
  },
  NotChecked: { status: 'Unknown', meaning: 'The run has not got that far.', next: '' },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of the `TrustVerified` condition. */
export type TrustReason = keyof typeof trustReasons;

/** Reasons of `StateVerified`: does Redis hold what the metadata says? */
export const stateReasons = {
  Consistent: { status: 'True', meaning: 'Every key was read and is present and valid.', next: '' },
  KeysMissing: { status: 'False', meaning: 'Keys are missing in Redis.', next: 'See status.plan.' },
  KeysInvalid: {
    status: 'False',
    meaning: 'Keys hold values the server cannot use.',
    next: 'See status.plan.',
  },
  NotChecked: { status: 'Unknown', meaning: 'The run has not got that far.', next: '' },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of the `StateVerified` condition. */
export type StateReason = keyof typeof stateReasons;

/** Reasons of `Reconciling`, which is present only while a run is under way (kstatus: InProgress). */
export const reconcilingReasons = {
  Progressing: {
    status: 'True',
    meaning: 'The run is under way or waits; Succeeded says for what.',
    next: '',
  },
  ProgressingWithRetry: {
    status: 'True',
    meaning: 'An attempt failed and the next one is scheduled.',
    next: 'The message holds the failure; the attempt is repeated automatically.',
  },
} as const satisfies Record<string, ReasonDoc>;

/** A reason of the `Reconciling` condition. `Stalled` and `Ready` use the reasons of `Succeeded`. */
export type ReconcilingReason = keyof typeof reconcilingReasons;
