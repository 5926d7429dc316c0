import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { runLabel } from '../../api/resources.ts';
import { truncate } from '../../api/text.ts';
import { inTurns, type Steps } from '../../async/in-turns.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import type { Trusted } from '../../tuf/verify/verification.ts';
import { maxConfigMapBytes, ownedName, writeOwnedConfigMap } from '../status/owned-config-map.ts';
import { fitsStatus } from './summary.ts';

/**
 * Whether there is more to report than the status holds. Not before the metadata was read; and a run that
 * found nothing to do leaves no ConfigMap behind, because objects in Git make such runs over and over.
 */
export function isWorthAReport(outcome: Outcome): boolean {
  if (outcome.trustVerified.reason === 'NotChecked') {
    return false;
  }
  return outcome.succeeded.reason !== 'AlreadyConsistent' || !fitsStatus(outcome);
}

/**
 * Writes everything an attempt found out into a ConfigMap that the run owns, and returns its name. Settings
 * and public metadata only: no credential ever reaches an outcome.
 */
export async function writeReport(
  client: APIClient,
  run: BootstrapRecovery,
  outcome: Outcome,
): Promise<string> {
  const name = ownedName(run, 'report');
  await writeOwnedConfigMap(client, run, {
    name,
    labels: { [runLabel]: run.metadata.name },
    data: { 'report.json': await inTurns(reportText(outcome)) },
  });
  return name;
}

/**
 * Longest single text in a report, in UTF-16 units: names, values and messages can come from a bucket or from
 * Redis.
 */
const maxText = 2_048;
/** Bytes of each list; with a dozen texts beside them the report stays below {@link maxConfigMapBytes}. */
const shares = {
  findings: maxConfigMapBytes * 0.25,
  actions: maxConfigMapBytes * 0.4,
  delegated: maxConfigMapBytes * 0.15,
} as const;

/**
 * The report as JSON, never more than a ConfigMap holds. Of a list that is longer than its share, the first
 * part and how much is missing: sizes are added up while entries are taken, so whatever they hold, each is
 * rendered at most twice.
 */
export function* reportText(outcome: Outcome): Steps<string> {
  const { taskID, succeeded, accepted, trustVerified, stateVerified } = outcome;
  const { state, plan, trusted, verification, steps } = outcome;
  const findings = yield* fitting(outcome.findings, shares.findings);
  const actions = yield* fitting(plan?.actions ?? [], shares.actions);
  const delegated = yield* fitting(headsOf(trusted?.delegated ?? []), shares.delegated);
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
    expires: trusted && {
      root: trusted.root.expires,
      timestamp: trusted.timestamp.expires,
      snapshot: trusted.snapshot.expires,
      targets: trusted.targets.expires,
    },
    verification,
    steps: steps.map((each) => ({ ...each, milliseconds: Math.round(each.milliseconds * 10) / 10 })),
    findings,
    omittedFindings: outcome.findings.length - findings.length,
  };
  return `${render(report)}\n`;
}

/** Made one by one: of 65,536 roles only some thousand fit. */
function* headsOf(delegated: Trusted['delegated']): Iterable<readonly [string, number, Date]> {
  for (const { role, version, expires } of delegated) {
    yield [role, version, expires];
  }
}

/** The first entries that take no more than so many bytes in the report. */
function* fitting<T>(entries: Iterable<T>, bytes: number): Steps<readonly T[]> {
  const kept: T[] = [];
  let free = bytes;
  for (const entry of entries) {
    const text = render(entry);
    // Up to three levels further in, every line begins with as many more spaces; a comma and a line break
    // follow.
    free -= Buffer.byteLength(text) + 3 * text.split('\n').length + 2;
    if (free < 0) {
      break;
    }
    kept.push(entry);
    yield;
  }
  return kept;
}

function render(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === 'string' ? truncate(item, maxText) : item),
    1,
  );
}
