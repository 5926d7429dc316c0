import { type Condition, withTransitionTimes } from './condition.ts';
import type { Verdict } from './conditions.ts';
import {
  type CircuitOpenReason,
  circuitOpenReasons,
  isPermanent,
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
 * can wait for either status. `Stalled` is True beside a `Ready` that only a person can mend.
 */
export function policyConditions(
  { ready, lossDetected, circuitOpen }: PolicyVerdicts,
  previous: readonly Condition[],
  generation: number,
  now: Date,
): readonly Condition[] {
  const status = readyStatus(ready.reason);
  const isStalled = status === 'False' && isPermanent(ready.reason);
  return withTransitionTimes(
    [
      { type: 'Ready', status, ...ready },
      ...(isStalled ? [{ type: 'Stalled', status: 'True' as const, ...ready }] : []),
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
