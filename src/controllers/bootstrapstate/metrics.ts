import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../api/condition.ts';
import type { RecoveryMetrics } from '../../observability/metrics.ts';

/** A quarter of the lifetime is left at the time that the status warns from. */
const warnShare = 0.25;

/** Sets the series of all guarded apps, for one scrape. */
export function countStates(metrics: RecoveryMetrics, states: readonly BootstrapState[], now: Date): void {
  metrics.forgetApps();
  for (const { metadata, spec, status } of states) {
    const healthy = findCondition(status.conditions, 'Healthy');
    if (healthy?.reason === 'NotGuarded') {
      continue;
    }
    const labels = {
      namespace: metadata.namespace ?? 'default',
      target: spec.targetRef.name,
      admin: spec.adminName,
      app: spec.appName,
    };
    for (const [role, file] of Object.entries(status.metadata ?? {})) {
      const expires = Date.parse(file.expiresTime);
      metrics.appMetadataExpires.set({ ...labels, role }, expires / 1000);
      if (file.warnTime !== undefined) {
        const lifetime = (expires - Date.parse(file.warnTime)) / warnShare;
        metrics.appLifetimeLeft.set({ ...labels, role }, (expires - now.getTime()) / lifetime);
      }
    }
    const recoverable = findCondition(status.conditions, 'Recoverable')?.status;
    if (recoverable === 'True' || recoverable === 'False') {
      metrics.appRecoverable.set(labels, recoverable === 'True' ? 1 : 0);
    }
  }
}
