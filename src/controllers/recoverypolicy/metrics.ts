import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../api/condition.ts';
import type { SucceededReason } from '../../api/reasons.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { PolicyLabels, RecoveryMetrics } from '../../observability/metrics.ts';
import { states as words } from '../../recovery/state/state.ts';

/** Every word for what was found of an app. */
const allWords: readonly string[] = [...words, 'Unverifiable', 'Unknown'];

/** Reasons that speak of the metadata, not of whether it could be read. */
const untrusted: ReadonlySet<string> = new Set<SucceededReason>([
  'TrustVerificationFailed',
  'RollbackDetected',
]);

/** Sets the gauges of a policy. Each state has its series, also with no app in it. */
export function countApps(
  metrics: RecoveryMetrics,
  labels: PolicyLabels,
  { spec, status: { lostCount = 0, conditions = [] } }: Pick<RecoveryPolicy, 'spec' | 'status'>,
  states: readonly BootstrapState[],
): void {
  for (const state of allWords) {
    metrics.policyApps.set(
      { ...labels, state },
      states.filter(({ status }) => (status.state ?? 'Unknown') === state).length,
    );
  }
  const holds = (type: string): number =>
    conditions.some((condition) => condition.type === type && condition.status === 'True') ? 1 : 0;
  metrics.policyLostApps.set({ ...labels }, lostCount);
  const refused = states.filter(({ status }) =>
    untrusted.has(findCondition(status.conditions, 'Healthy')?.reason ?? ''),
  );
  metrics.policyUntrustedApps.set({ ...labels }, refused.length);
  metrics.policyReady.set({ ...labels }, holds('Ready'));
  metrics.policyCircuitOpen.set({ ...labels }, holds('CircuitOpen'));
  metrics.policyVerificationInterval.set({ ...labels }, spec.fullVerificationIntervalSeconds);
  const verified = states
    .flatMap(({ status }) => status.lastVerificationTime ?? [])
    .map((time) => Date.parse(time));
  if (verified.length > 0) {
    metrics.policyLastVerification.set({ ...labels }, Math.min(...verified) / 1000);
  }
  // They begin at 0, so that an increase shows from the first one on.
  metrics.policyLosses.inc({ ...labels }, 0);
  metrics.policyRecoveries.inc({ ...labels }, 0);
  metrics.policySuppressed.inc({ ...labels }, 0);
}

/** Ends the series of a policy that is gone or suspended. */
export function forgetApps(metrics: RecoveryMetrics, labels: PolicyLabels): void {
  metrics.forgetPolicy(labels, allWords);
}
