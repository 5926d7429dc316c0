import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { runLabel } from '../../api/resources.ts';
import { truncate } from '../../api/text.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import type { Action } from '../../recovery/plan/plan.ts';
import { maxConfigMapBytes, writeOwnedConfigMap } from '../status/owned-config-map.ts';
import { fitsStatus } from './summary.ts';

/**
 * Whether there is more to tell than the status holds. Not before the metadata was looked at; and a run that found nothing to do
 * leaves no ConfigMap behind, because objects in Git make such runs over and over.
 */
export function isWorthAReport(outcome: Outcome): boolean {
  if (outcome.trustVerified.reason === 'NotChecked') {
    return false;
  }
  return outcome.succeeded.reason !== 'AlreadyConsistent' || !fitsStatus(outcome);
}

/**
 * Writes everything an attempt found out into a ConfigMap that the run owns, and returns its name. Settings and public metadata
 * only: no credential ever reaches an outcome.
 */
export async function writeReport(
  client: APIClient,
  run: BootstrapRecovery,
  outcome: Outcome,
): Promise<string> {
  return writeOwnedConfigMap(client, run, {
    purpose: 'report',
    labels: { [runLabel]: run.metadata.name },
    data: { 'report.json': reportText(outcome) },
  });
}

/** Longest single text in a report, in UTF-16 units. */
const maxText = 4_096;
/** What is left of {@link maxConfigMapBytes} for the report itself, beside its names and labels. */
const maxReportBytes = maxConfigMapBytes - 2_000;

/** What of an outcome can be of any length. */
interface Lists {
  readonly actions: readonly Action[];
  readonly findings: Outcome['findings'];
  readonly delegated: readonly (readonly [string, unknown])[];
}

/**
 * The report as JSON, never more than a ConfigMap holds: of a plan, findings or roles beyond that, the first part and how many
 * are missing.
 */
export function reportText(outcome: Outcome): string {
  let lists: Lists = {
    actions: outcome.plan?.actions ?? [],
    findings: outcome.findings,
    delegated: [...(outcome.trusted?.heads.delegated ?? [])],
  };
  for (;;) {
    const text = render(outcome, lists);
    if (Buffer.byteLength(text) <= maxReportBytes) {
      return text;
    }
    lists = shortened(lists);
  }
}

/** Half of the longest list: converges in a few steps and needs no guess about the size of one entry. */
function shortened(lists: Lists): Lists {
  const { actions, findings, delegated } = lists;
  const longest = Math.max(actions.length, findings.length, delegated.length);
  const half = Math.floor(longest / 2);
  if (actions.length === longest) {
    return { ...lists, actions: actions.slice(0, half) };
  }
  return findings.length === longest
    ? { ...lists, findings: findings.slice(0, half) }
    : { ...lists, delegated: delegated.slice(0, half) };
}

function render(outcome: Outcome, { actions, findings, delegated }: Lists): string {
  const { taskID, succeeded, accepted, trustVerified, stateVerified, state, plan, trusted, verification } =
    outcome;
  const report = {
    taskID,
    succeeded,
    accepted,
    trustVerified,
    stateVerified,
    state,
    plan: plan && {
      digest: plan.digest,
      actions,
      omittedActions: plan.actions.length - actions.length,
    },
    heads: trusted && {
      ...trusted.heads,
      delegated,
      omittedDelegated: trusted.heads.delegated.size - delegated.length,
    },
    verification,
    findings,
    omittedFindings: outcome.findings.length - findings.length,
  };
  const bounded = (_: string, value: unknown): unknown =>
    typeof value === 'string' ? truncate(value, maxText) : value;
  return `${JSON.stringify(report, bounded, 1)}\n`;
}
