import { type Condition, withTransitionTimes } from './condition.ts';
import type { Verdict } from './conditions.ts';
import {
  type CircuitOpenReason,
  circuitOpenReasons,
  type LossDetectedReason,
  lossDetectedReasons,
  type PolicyReadyReason,
  policyReadyReasons,
} from './policy-reasons.ts';

/** What is known of a policy at one moment. */
export interface PolicyVerdicts {
  readonly ready: Verdict<PolicyReadyReason>;
  readonly lossDetected: Verdict<LossDetectedReason>;
  readonly circuitOpen: Verdict<CircuitOpenReason>;
}

/**
 * All conditions of a RecoveryPolicy. `Ready` says whether it can do its work, and nothing about what it
 * finds: a loss that was noticed is `LossDetected`. Both that and `CircuitOpen` are always there, so that one
 * can wait for either status.
 */
export function policyConditions(
  { ready, lossDetected, circuitOpen }: PolicyVerdicts,
  previous: readonly Condition[],
  generation: number,
  now: Date,
): readonly Condition[] {
  return withTransitionTimes(
    [
      { type: 'Ready', status: readyStatus(ready.reason), ...ready },
      { type: 'LossDetected', status: lossDetectedReasons[lossDetected.reason].status, ...lossDetected },
      { type: 'CircuitOpen', status: circuitOpenReasons[circuitOpen.reason].status, ...circuitOpen },
    ],
    previous,
    generation,
    now,
  );
}

/** Whatever is no reason of the policy itself is why an app could not be verified. */
function readyStatus(reason: PolicyReadyReason): Condition['status'] {
  const own: Readonly<Partial<Record<PolicyReadyReason, { readonly status: Condition['status'] }>>> =
    policyReadyReasons;
  return own[reason]?.status ?? 'False';
}
