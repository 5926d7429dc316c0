import { type BackoffOptions, REFLECTOR_BACKOFF } from '../../async/backoff.ts';

/** Time limits of a reflector, in milliseconds. */
export interface ReflectorTimings {
  /**
   * A watch is asked to last between this and twice this, at random, so that replicas do not reconnect in
   * step.
   */
  readonly minWatchMs: number;
  /** Silence after which a watch counts as dead. Above the minute between bookmarks. */
  readonly idleMs: number;
  /** Age after which a list is repeated even though nothing seems wrong. */
  readonly relistMs: number;
  /** A watch that ends sooner than this was no watch: some servers close at once instead of saying 410. */
  readonly shortWatchMs: number;
  readonly backoff: BackoffOptions;
}

/** Defaults of {@link ReflectorTimings}: client-go's, and controller-runtime's 10 h between full lists. */
export const DEFAULT_REFLECTOR_TIMINGS: ReflectorTimings = {
  minWatchMs: 300_000,
  idleMs: 150_000,
  relistMs: 36_000_000,
  shortWatchMs: 1_000,
  backoff: REFLECTOR_BACKOFF,
};
