import { findCondition } from '../../../api/condition.ts';
import { apiVersion } from '../../../api/resources.ts';
import { crdNames } from '../../kubectl/version/installed.ts';
import { durationText } from '../../output/duration-text.ts';
import type { CheckItem } from '../check-report.ts';
import { failedItem, okItem, skippedItem, warningItem } from '../checklist.ts';
import { maxSkewMs } from './clock-skew.ts';
import type { ClusterFacts } from './facts.ts';
import { installAdvice } from './install-advice.ts';

const [, servedVersion = ''] = apiVersion.split('/');

export function crdItem({ crds, targets }: ClusterFacts): CheckItem {
  if ('refusal' in crds) {
    // The kinds themselves may be visible where their definitions are not.
    return 'value' in targets
      ? okItem('CRDs', 'The API server serves the kinds; their definitions are not visible to you.')
      : targets.refusal.status === 404
        ? failedItem('CRDs', targets.refusal.message, installAdvice)
        : skippedItem('CRDs', crds.refusal.message);
  }
  const wrong = crdNames.flatMap((name, at) => {
    const crd = crds.value[at];
    if (crd === undefined) {
      return [`${name} is not installed`];
    }
    const served = crd.spec.versions.filter((each) => each.served).map((each) => each.name);
    if (!served.includes(servedVersion)) {
      return [`${name} is served as ${served.join(', ') || 'nothing'}, not as ${servedVersion}`];
    }
    return findCondition(crd.status?.conditions, 'Established')?.status === 'True'
      ? []
      : [`${name} is not established yet`];
  });
  return wrong.length === 0
    ? okItem('CRDs', `All ${crdNames.length} are installed and served as ${servedVersion}.`)
    : failedItem('CRDs', `${wrong.join('; ')}.`, installAdvice);
}

/** What this person may do, as the API server decides. */
export function rightsItem({ rights, namespace }: ClusterFacts): CheckItem {
  const missing = rights.filter(({ allowed }) => !allowed);
  const list = (of: typeof missing): string =>
    of.map(({ verb, resource }) => `${verb} ${resource}`).join(', ');
  const toSee = missing.filter(({ isToSee }) => isToSee);
  if (toSee.length > 0) {
    return failedItem(
      'Your rights',
      `You may not ${list(toSee)} in namespace "${namespace}".`,
      'Bind the ClusterRole view to your user in this namespace; the chart extends it to these kinds.',
    );
  }
  return missing.length > 0
    ? warningItem(
        'Your rights',
        `You may look, but not ${list(missing)}.`,
        'The ClusterRole edit allows runs, admin also to approve their plans.',
      )
    : okItem('Your rights', `You may see, start and approve runs in namespace "${namespace}".`);
}

/** Schema and admission judge a run as they would a real one. */
export function trialItem({ trial, now }: ClusterFacts): CheckItem {
  if ('refusal' in trial) {
    const { status, message } = trial.refusal;
    return status === 403 || status === 404
      ? skippedItem('Admission', message)
      : failedItem(
          'Admission',
          `A run would be refused: ${message}`,
          'Correct what the message names, or the admission policy.',
        );
  }
  const created = Date.parse(trial.value.metadata.creationTimestamp ?? '');
  const skewMs = Math.abs(now.getTime() - created);
  return skewMs > maxSkewMs
    ? warningItem(
        'Admission',
        `A run would be accepted. Your clock and that of the API server are ${durationText(skewMs)} apart.`,
        'Run NTP on this machine: ages are shown by its clock.',
      )
    : okItem('Admission', 'A run would be accepted.');
}

export function shimItems({ shims }: ClusterFacts): readonly CheckItem[] {
  if ('refusal' in shims) {
    return [skippedItem('Shim', shims.refusal.message)];
  }
  if (shims.value.length === 0) {
    return [skippedItem('Shim', 'It is not installed; it is optional (shim.enabled of the chart).')];
  }
  return shims.value.map(({ metadata, status }) => {
    const where = `${metadata.namespace ?? ''}/${metadata.name}`;
    return (status?.availableReplicas ?? 0) > 0
      ? okItem('Shim', `${where} is available.`)
      : failedItem(
          'Shim',
          `No replica of ${where} is available.`,
          `See why: kubectl -n ${metadata.namespace ?? ''} describe deployment/${metadata.name}`,
        );
  });
}
