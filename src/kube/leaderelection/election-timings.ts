/** Times of a leader election, in milliseconds: lease > renew deadline > retry period. */
export interface ElectionTimings {
  /** How long others wait after the last renewal they saw. */
  readonly leaseDurationMs: number;
  /** How long the leader continues without a renewal before it stops. Smaller by what stopping may take. */
  readonly renewDeadlineMs: number;
  /** Between two attempts. */
  readonly retryPeriodMs: number;
}

/** client-go's recommendation, as controller-runtime has it. */
export const DEFAULT_ELECTION_TIMINGS: ElectionTimings = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};
