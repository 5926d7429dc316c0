import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { fieldManager, runLabel } from '../../api/resources.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { configMaps } from '../../kube/client/keyed.ts';
import { controllerReference } from '../../kube/client/object.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import type { Action } from '../../recovery/plan/plan.ts';
import { fitsStatus } from './summary.ts';

/** Characters of the report. etcd takes 1.5 MiB a request and a ConfigMap 1 MiB, in bytes; names are mostly ASCII. */
const maxLength = 700_000;

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
  const { namespace } = run.metadata;
  const name = `${run.metadata.name}-report`;
  const configMap = {
    metadata: {
      name,
      namespace,
      labels: { [runLabel]: run.metadata.name },
      ownerReferences: [controllerReference(run)],
    },
    data: { 'report.json': reportText(outcome) },
  };
  await client.apply(configMaps, configMap, { fieldManager, force: true });
  return name;
}

/** The report as JSON; of a plan or a list of findings beyond what a ConfigMap holds, the first part and how much is missing. */
export function reportText(outcome: Outcome): string {
  const { plan, findings } = outcome;
  let actions = plan?.actions ?? [];
  let told = findings;
  let text = render(outcome, actions, told);
  while (text.length > maxLength) {
    // Halving converges in a few steps and needs no guess about the size of one entry.
    if (actions.length > told.length) {
      actions = actions.slice(0, Math.floor(actions.length / 2));
    } else {
      told = told.slice(0, Math.floor(told.length / 2));
    }
    text = render(outcome, actions, told);
  }
  return text;
}

function render(outcome: Outcome, actions: readonly Action[], findings: Outcome['findings']): string {
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
    heads: trusted && { ...trusted.heads, delegated: [...trusted.heads.delegated] },
    verification,
    findings,
    omittedFindings: outcome.findings.length - findings.length,
  };
  return `${JSON.stringify(report, undefined, 1)}\n`;
}
