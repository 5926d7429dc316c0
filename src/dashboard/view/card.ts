import { awaitsApproval, succeededOf } from '../../api/bootstraprecovery/run-result.ts';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../api/condition.ts';
import { expiryGauge } from './expiry.ts';
import { type AppFacts, activeRun } from './facts.ts';
import type { AppCard, Badge, Gauge } from './model.ts';
import { agoText } from './time-text.ts';

/** An app at a glance. */
export function cardOf(facts: AppFacts, now: Date): AppCard {
  const { key, state, runs } = facts;
  const active = activeRun(facts);
  return {
    key,
    health: healthOf(state),
    recoverable: recoverableOf(state),
    expiry: expiryOf(state, now),
    checked: checkedText(state, runs[0], now),
    ...(active !== undefined && { activity: activityOf(active) }),
  };
}

/** Reasons that are no worry: no policy covers the app. */
const unguarded: ReadonlySet<string> = new Set(['NotGuarded', 'TargetUnavailable', 'NotVerified']);

function healthOf(state: BootstrapState | undefined): Badge {
  if (state === undefined) {
    return { tone: 'neutral', text: 'NotGuarded' };
  }
  const healthy = findCondition(state.status.conditions, 'Healthy');
  switch (healthy?.status) {
    case 'True':
      return { tone: 'good', text: 'Healthy' };
    case 'False':
      return { tone: 'bad', text: state.status.state ?? healthy.reason };
    default: {
      const reason = healthy?.reason ?? 'NotVerified';
      return { tone: unguarded.has(reason) ? 'neutral' : 'warning', text: reason };
    }
  }
}

function recoverableOf(state: BootstrapState | undefined): Gauge {
  const recoverable = state?.status.recoverable;
  const condition = findCondition(state?.status.conditions, 'Recoverable');
  if (recoverable === undefined) {
    // Metadata that is refused is no way back, and there is nothing to count.
    return condition?.status === 'False'
      ? { tone: 'bad', text: condition.reason }
      : { tone: 'neutral', text: 'not known' };
  }
  const { exact, total, summary } = recoverable;
  const fraction = total > 0 ? Math.min(1, Math.max(0, exact / total)) : 0;
  const tone = condition?.status === 'True' ? 'good' : condition?.status === 'False' ? 'bad' : 'neutral';
  return { tone, text: summary, fraction };
}

/** Of the role that expires first. */
function expiryOf(state: BootstrapState | undefined, now: Date): Gauge {
  const { freshUntilTime, metadata = {} } = state?.status ?? {};
  const first = Object.values(metadata).find((role) => role?.expiresTime === freshUntilTime);
  return expiryGauge(freshUntilTime, first?.warnTime, now);
}

function checkedText(
  state: BootstrapState | undefined,
  newest: BootstrapRecovery | undefined,
  now: Date,
): string {
  const checked = agoText(state?.status.lastVerificationTime, now);
  if (checked !== undefined) {
    return `checked ${checked}`;
  }
  const reason = newest === undefined ? undefined : succeededOf(newest)?.reason;
  return reason === undefined
    ? 'never checked'
    : `last run ${reason}, ${agoText(newest?.metadata.creationTimestamp, now) ?? 'at an unknown time'}`;
}

/** What a run that has not ended is at. */
export function activityOf(run: BootstrapRecovery): Gauge {
  const reason = succeededOf(run)?.reason ?? 'Pending';
  if (awaitsApproval(run)) {
    return { tone: 'warning', text: 'waits for your approval' };
  }
  const { progress } = run.status;
  if (reason !== 'Running' || progress === undefined) {
    return { tone: 'info', text: reason };
  }
  const { summary, completed, total } = progress;
  return {
    tone: 'info',
    text: summary,
    ...(total > 0 && { fraction: Math.min(1, Math.max(0, completed / total)) }),
  };
}
