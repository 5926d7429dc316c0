import { succeededOf } from '../../api/bootstraprecovery/run-result.ts';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { Badge, SettingsView } from './model.ts';
import type { ReportedAction, RunReport } from './report.ts';
import { agoText } from './time-text.ts';

/** What stands for a kind of action before it was applied, and afterwards. */
const states: Readonly<Record<string, readonly [planned: Badge, applied: Badge]>> = {
  Keep: [
    { tone: 'good', text: 'kept' },
    { tone: 'good', text: 'kept' },
  ],
  Create: [
    { tone: 'bad', text: 'lost' },
    { tone: 'info', text: 'restored' },
  ],
  Replace: [
    { tone: 'bad', text: 'invalid' },
    { tone: 'info', text: 'restored' },
  ],
  Persist: [
    { tone: 'warning', text: 'has a time to live' },
    { tone: 'info', text: 'kept, without a time to live' },
  ],
  Delete: [
    { tone: 'warning', text: 'left over' },
    { tone: 'info', text: 'removed' },
  ],
};

/**
 * The settings as the newest run with a plan saw them; without one, those that the controller captured while
 * the app was healthy. Undefined when nothing is known.
 */
export function settingsView(
  state: BootstrapState | undefined,
  run: BootstrapRecovery | undefined,
  report: RunReport | undefined,
  now: Date,
): SettingsView | undefined {
  const plan = run?.status.plan;
  if (run === undefined || plan === undefined) {
    return capturedSettings(state, now);
  }
  const known = report !== undefined && report.actions.length > 0;
  const actions: readonly ReportedAction[] = known ? report.actions : (plan.actions ?? []);
  const total = plan.creates + plan.replaces + plan.keeps + plan.persists + plan.deletes;
  const isApplied = succeededOf(run)?.reason === 'Recovered';
  return {
    origin: `${isApplied ? 'Result' : 'Plan'} of run ${run.metadata.name}, ${
      agoText(run.status.completionTime ?? run.metadata.creationTimestamp, now) ?? 'at an unknown time'
    }`,
    rows: actions.map(({ key, kind, value, source, confidence }) => ({
      key,
      state: stateOf(kind, isApplied),
      ...(value !== undefined && { value }),
      source,
      confidence,
    })),
    omitted: known ? report.omittedActions : Math.max(0, total - actions.length),
  };
}

function stateOf(kind: string, isApplied: boolean): Badge {
  const known = Object.hasOwn(states, kind) ? states[kind] : undefined;
  // A kind of a newer controller is named as it is.
  return known?.[isApplied ? 1 : 0] ?? { tone: 'neutral', text: kind };
}

function capturedSettings(state: BootstrapState | undefined, now: Date): SettingsView | undefined {
  const captured = state?.status.capturedSettings;
  if (captured === undefined) {
    return undefined;
  }
  return {
    origin: `Captured while the app was healthy, ${agoText(captured.captureTime, now) ?? 'at an unknown time'}`,
    rows: captured.values.map(({ key, value }) => ({
      key,
      state: { tone: 'good', text: 'captured' },
      value,
      source: 'Captured',
      confidence: 'exact',
    })),
    omitted: 0,
  };
}
