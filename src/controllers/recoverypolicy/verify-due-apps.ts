import type { Logger } from 'pino';
import type { PolicyLabels, RecoveryMetrics } from '../../observability/metrics.ts';
import { captureSettings } from '../app-history/captured-settings.ts';
import { consequenceOf } from './consequence.ts';
import type { AppEntry } from './entry.ts';
import type { LivePolicyFacts } from './facts.ts';
import { settingsName } from './names.ts';
import type { Reading } from './reading.ts';
import { type Look, type LookTools, look } from './verify-app.ts';

/** What a round uses of the controller. */
export interface RoundTools extends LookTools {
  readonly metrics: RecoveryMetrics;
  /** Throws when this process may no longer act as the leader. */
  readonly assertLeading: () => void;
  readonly logger: Logger;
}

/** Looks at once, so that a policy of many apps leaves places for runs. */
const atOnce = 2;

/** Looks at the apps that are due and returns every entry as it is then. */
export async function lookAround(
  tools: RoundTools,
  facts: LivePolicyFacts,
  entries: readonly AppEntry[],
  due: readonly AppEntry[],
  labels: PolicyLabels,
  signal: AbortSignal,
): Promise<readonly AppEntry[]> {
  const after = new Map<AppEntry, AppEntry>();
  const rest = due.values();
  // Set by the first look that finds nobody at home; the others would only wait for the same silence.
  let silence: Look | undefined;
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const entry of rest) {
      const found = silence ?? (await lookOnce(tools, facts, entry, signal));
      if (found === undefined || failed) {
        return;
      }
      silence ??= silenceIn(found.reading);
      after.set(entry, await conclude(tools, facts, entry, found, labels, signal));
    }
  };
  const workers = Array.from({ length: atOnce }, () =>
    worker().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  // All of them have to be back, whatever happened: the next round uses the same places.
  for (const result of await Promise.allSettled(workers)) {
    if (result.status === 'rejected') {
      throw result.reason;
    }
  }
  return entries.map((entry) => after.get(entry) ?? entry);
}

/** What the other apps of the target would meet as well; never what was verified, which is of one app. */
function silenceIn(reading: Reading): Look | undefined {
  if (reading.kind !== 'unverifiable' || !reading.targetWide) {
    return undefined;
  }
  return { reading: { ...reading, heads: undefined }, outcome: undefined };
}

/** Undefined without a target: then nothing is due. */
function lookOnce(
  tools: RoundTools,
  { policy, target }: LivePolicyFacts,
  entry: AppEntry,
  signal: AbortSignal,
): Promise<Look> | undefined {
  return target && look(tools, policy, target, entry, signal);
}

async function conclude(
  { client, clock, metrics, logger, assertLeading }: RoundTools,
  facts: LivePolicyFacts,
  before: AppEntry,
  { reading, outcome }: Look,
  labels: PolicyLabels,
  signal: AbortSignal,
): Promise<AppEntry> {
  const { policy } = facts;
  const { entry, suppressed } = consequenceOf(facts, before, reading, clock.now());
  const { adminName, appName, state, consecutiveLosses } = entry;
  if (reading.kind === 'lost') {
    metrics.policyLosses.inc({ ...labels });
  }
  if (suppressed) {
    metrics.policySuppressed.inc({ ...labels });
  }
  const level = reading.kind === 'lost' || reading.kind === 'unverifiable' ? 'warn' : 'debug';
  logger[level](
    { adminName, appName, state, reason: entry.reason, consecutiveLosses, suppressed },
    'app looked at',
  );
  if (reading.kind !== 'consistent' || outcome === undefined || !policy.spec.captureSettings) {
    return entry;
  }
  const name = settingsName(policy.metadata.name, entry);
  // Settings from before a long pause must not replace those the next leader has captured meanwhile.
  assertLeading();
  const captured = await captureSettings(client, policy, name, entry, outcome, clock.now(), signal);
  const { settingsRef: _, ...rest } = entry;
  return captured === undefined ? rest : { ...rest, settingsRef: { name: captured } };
}
