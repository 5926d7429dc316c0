import type { UnverifiableReason } from '../../api/policy-reasons.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import type { State } from '../../recovery/state/state.ts';
import { type VerifiedMarks, verifiedMarksOf } from '../app-history/high-water-marks.ts';

/** What one look at an app says. */
export type Reading = {
  /** The chain that was verified on the way, whatever came after it. */
  readonly heads?: VerifiedMarks | undefined;
} & (
  | { readonly kind: 'consistent'; readonly state: State }
  /** Verified metadata on one side, an answer of Redis on the other, and something is missing or invalid. */
  | { readonly kind: 'lost'; readonly state: State }
  /** The server or another recovery is writing the settings right now. */
  | { readonly kind: 'busy'; readonly state: State }
  /** Nothing is known about the settings. Never a loss. */
  | {
      readonly kind: 'unverifiable';
      readonly reason: UnverifiableReason;
      readonly message: string;
      /** Every other app of the target would meet the same. */
      readonly targetWide: boolean;
    }
);

/** What an attempt of mode Verify says about its app. */
export function readingFromOutcome(outcome: Outcome): Reading {
  const { succeeded, state, error, retry } = outcome;
  const verifiedMarks = verifiedMarksOf(outcome);
  if (succeeded.reason === 'Verified') {
    return { kind: 'consistent', state: state ?? 'Healthy', heads: verifiedMarks };
  }
  // What is missing while another recovery holds the lock is what it is about to write.
  if (state === 'Locked') {
    return { kind: 'busy', state, heads: verifiedMarks };
  }
  if (succeeded.reason === 'DriftDetected') {
    return { kind: 'lost', state: state ?? 'PartialLoss', heads: verifiedMarks };
  }
  if (state === 'InProgress') {
    return { kind: 'busy', state, heads: verifiedMarks };
  }
  const transient = retry === 'backoff' ? error : undefined;
  const ofRedis = transient?.origin === 'redis';
  return {
    kind: 'unverifiable',
    reason: transient === undefined ? succeeded.reason : ofRedis ? 'RedisUnreachable' : 'SourceUnavailable',
    message: succeeded.message,
    // A refusal may be about one app; silence is about all of them.
    targetWide: ofRedis || transient?.code === 'StorageUnreachable',
    heads: verifiedMarks,
  };
}
