/**
 * What the CRDs admit, for the flags that mean the same: a value that works on the command line works in a
 * manifest. A test holds each row against its field.
 */
export const flagBounds = {
  /** BootstrapRecovery spec.overrides.expirations, days. */
  expirationDays: [1, 36_500],
  /** BootstrapRecovery spec.overrides.staleAfterSeconds. */
  staleAfterSeconds: [60, 604_800],
  /** BootstrapRecovery spec.timeoutSeconds. */
  timeoutSeconds: [1, 300],
  /** BootstrapRecovery spec.backoffLimit. */
  backoffLimit: [0, 20],
  /** BootstrapRecovery spec.ttlSecondsAfterFinished. */
  ttlSecondsAfterFinished: [0, 31_536_000],
  /** BootstrapRecovery spec.trust.maxExpiredAge, `999999999d`. */
  maxExpiredAgeSeconds: [1, 999_999_999 * 86_400],
  /** RecoveryTarget spec.redis.minReplicas. */
  minReplicas: [0, 16],
  /** RecoveryTarget spec.storage.requestsPerSecond. */
  requestsPerSecond: [1, 10_000],
  /** RecoveryTarget spec.storage.concurrency. */
  concurrency: [1, 256],
  /** RecoveryTarget spec.trust.minimumVersions. */
  version: [1, Number.MAX_SAFE_INTEGER],
} as const satisfies Readonly<Record<string, readonly [minimum: number, maximum: number]>>;
