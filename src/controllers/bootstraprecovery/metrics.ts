import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { findCondition } from '../../api/condition.ts';
import { isTerminal } from '../../api/conditions.ts';
import type { Clock } from '../../async/clock.ts';
import type { Store } from '../../kube/cache/store.ts';
import type { RecoveryMetrics } from '../../observability/metrics.ts';

/** Counts a run that has just ended, from its last status. */
export function countEndedRun(metrics: RecoveryMetrics, { metadata, spec, status }: BootstrapRecovery): void {
  const succeeded = findCondition(status.conditions, 'Succeeded');
  if (succeeded === undefined || succeeded.status === 'Unknown') {
    return;
  }
  const outcome = succeeded.status === 'True' ? 'succeeded' : 'failed';
  metrics.runs.inc({ mode: spec.mode, outcome, reason: succeeded.reason });
  const { startTime, completionTime, plan } = status;
  if (completionTime === undefined) {
    return;
  }
  const completed = Date.parse(completionTime);
  if (startTime !== undefined) {
    metrics.runDuration.observe({ mode: spec.mode, outcome }, (completed - Date.parse(startTime)) / 1000);
  }
  if (outcome === 'failed') {
    return;
  }
  const labels = { namespace: metadata.namespace ?? 'default', target: spec.targetRef.name };
  metrics.lastSuccess.set(labels, completed / 1000);
  if (succeeded.reason !== 'Recovered' || plan === undefined) {
    return;
  }
  const { creates, replaces, persists, deletes } = plan;
  for (const [action, count] of Object.entries({ creates, replaces, persists, deletes })) {
    metrics.keys.inc({ action: action.slice(0, -1) }, count);
  }
}

/** Sets the gauges of runs that have not ended, from the cache. Called at every scrape. */
export function countUnfinishedRuns(
  metrics: RecoveryMetrics,
  runs: Store<BootstrapRecovery>,
  clock: Clock,
): void {
  metrics.unfinishedRuns.reset();
  metrics.oldestUnfinished.reset();
  const oldest = new Map<string, number>();
  for (const { metadata, status } of runs.list()) {
    const conditions = status.conditions ?? [];
    if (isTerminal(conditions)) {
      continue;
    }
    const reason = findCondition(conditions, 'Succeeded')?.reason ?? 'Pending';
    const age = (clock.now().getTime() - Date.parse(metadata.creationTimestamp ?? '')) / 1000;
    oldest.set(reason, Math.max(oldest.get(reason) ?? 0, age));
    metrics.unfinishedRuns.inc({ reason });
  }
  for (const [reason, age] of oldest) {
    metrics.oldestUnfinished.set({ reason }, age);
  }
}
