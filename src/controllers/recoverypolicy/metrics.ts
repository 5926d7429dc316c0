import type { SucceededReason } from '../../api/reasons.ts';
import type { RecoveryPolicyStatus } from '../../api/recoverypolicy.generated.ts';
import type { PolicyLabels, RecoveryMetrics } from '../../observability/metrics.ts';
import { states } from '../../recovery/state/state.ts';

/** Every word a policy has for what it found. */
const words: readonly string[] = [...states, 'Unverifiable', 'Unknown'];

/** Reasons that speak of the metadata, not of whether it could be read. */
const untrusted: ReadonlySet<string> = new Set<SucceededReason>([
  'TrustVerificationFailed',
  'RollbackDetected',
]);

/** Sets the gauges of a policy from the status just written. Each state has its series, also with nobody in it. */
export function countApps(
  metrics: RecoveryMetrics,
  labels: PolicyLabels,
  { apps = [], lostCount = 0, lastVerificationTime, conditions = [] }: RecoveryPolicyStatus,
): void {
  for (const state of words) {
    metrics.policyApps.set({ ...labels, state }, apps.filter((app) => app.state === state).length);
  }
  const holds = (type: string): number =>
    conditions.some((condition) => condition.type === type && condition.status === 'True') ? 1 : 0;
  metrics.policyLostApps.set({ ...labels }, lostCount);
  const refused = apps.filter(({ reason }) => reason !== undefined && untrusted.has(reason));
  metrics.policyUntrustedApps.set({ ...labels }, refused.length);
  metrics.policyReady.set({ ...labels }, holds('Ready'));
  metrics.policyCircuitOpen.set({ ...labels }, holds('CircuitOpen'));
  if (lastVerificationTime !== undefined) {
    metrics.policyLastVerification.set({ ...labels }, Date.parse(lastVerificationTime) / 1000);
  }
  // They begin at 0, so that an increase shows from the first one on.
  metrics.policyLosses.inc({ ...labels }, 0);
  metrics.policyRecoveries.inc({ ...labels }, 0);
  metrics.policySuppressed.inc({ ...labels }, 0);
}

/** Ends the series of a policy that is gone or suspended. */
export function forgetApps(metrics: RecoveryMetrics, labels: PolicyLabels): void {
  metrics.forgetPolicy(labels, words);
}
