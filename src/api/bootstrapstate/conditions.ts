import { type Condition, withTransitionTimes } from '../condition.ts';
import type { Verdict } from '../conditions.ts';
import { type CircuitOpenReason, circuitOpenReasons } from '../policy-reasons.ts';
import {
  type FreshReason,
  freshReasons,
  type HealthyReason,
  healthyReasons,
  type RecoverableReason,
  recoverableReasons,
} from './reasons.ts';

/** What is known of an app at one moment. */
export interface StateVerdicts {
  readonly healthy: Verdict<HealthyReason>;
  readonly recoverable: Verdict<RecoverableReason>;
  readonly fresh: Verdict<FreshReason>;
  readonly circuitOpen: Verdict<CircuitOpenReason>;
  /**
   * For tools that follow kstatus. `current`: nothing is under way, whatever `Healthy` says (healthy, or
   * no policy guards the app). `reconciling`: something is done about it. `stalled`: a person is needed.
   */
  readonly progress: 'current' | 'reconciling' | 'stalled';
}

/**
 * `Healthy` is Unknown for what could not be verified, and False where the settings themselves are known to
 * be bad.
 */
const knownBad: ReadonlySet<string> = new Set<HealthyReason>(['CorruptType']);

/** Reasons for which a rest is what is wanted: generic tools must not wait for more. */
const atRest: ReadonlySet<string> = new Set<HealthyReason>(['NotGuarded', 'TargetUnavailable']);

/**
 * All conditions of a BootstrapState. Exactly one of Ready=True, Reconciling and Stalled holds, unless
 * nothing is wanted.
 */
export function stateConditions(
  { healthy, recoverable, fresh, circuitOpen, progress }: StateVerdicts,
  previous: readonly Condition[],
  generation: number,
  now: Date,
): readonly Condition[] {
  const status = healthyStatus(healthy.reason);
  const mirrors = [
    ...(atRest.has(healthy.reason) ? [] : [{ type: 'Ready', status, ...healthy }]),
    ...(progress === 'reconciling' ? [{ type: 'Reconciling', status: 'True' as const, ...healthy }] : []),
    ...(progress === 'stalled' ? [{ type: 'Stalled', status: 'True' as const, ...healthy }] : []),
  ];
  return withTransitionTimes(
    [
      { type: 'Healthy', status, ...healthy },
      { type: 'Recoverable', status: recoverableStatus(recoverable.reason), ...recoverable },
      { type: 'Fresh', status: freshReasons[fresh.reason].status, ...fresh },
      { type: 'CircuitOpen', status: circuitOpenReasons[circuitOpen.reason].status, ...circuitOpen },
      ...mirrors,
    ],
    previous,
    generation,
    now,
  );
}

function healthyStatus(reason: HealthyReason): Condition['status'] {
  const own: Readonly<Partial<Record<HealthyReason, { readonly status: Condition['status'] }>>> =
    healthyReasons;
  return own[reason]?.status ?? (knownBad.has(reason) ? 'False' : 'Unknown');
}

/** Metadata that is refused is no way back; whether what does not answer is one, is not known. */
function recoverableStatus(reason: RecoverableReason): Condition['status'] {
  const own: Readonly<Partial<Record<RecoverableReason, { readonly status: Condition['status'] }>>> =
    recoverableReasons;
  return own[reason]?.status ?? (reason === 'SourceUnavailable' ? 'Unknown' : 'False');
}
