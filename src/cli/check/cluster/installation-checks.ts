import packageJSON from '../../../../package.json' with { type: 'json' };
import { findCondition } from '../../../api/condition.ts';
import { apiVersion } from '../../../api/resources.ts';
import type { Lease } from '../../../kube/leaderelection/lease.ts';
import { crdNames } from '../../kubectl/version/installed.ts';
import { durationText } from '../../output/duration-text.ts';
import type { CheckItem } from '../check-report.ts';
import { failedItem, okItem, skippedItem, warningItem } from '../checklist.ts';
import type { ClusterFacts, SeenController } from './facts.ts';

/** How the operator is installed or upgraded. */
const install = 'Install the operator of this version: see docs/tasks/install.md.';
const [, servedVersion = ''] = apiVersion.split('/');
/** The API server stores whole seconds, and answers take a moment. */
const maxSkewMs = 5_000;
/** Without leases of its own saying otherwise: the controller's default. */
const leaseSeconds = 15;

export function crdItem({ crds, targets }: ClusterFacts): CheckItem {
  if ('refusal' in crds) {
    // The kinds themselves may be visible where their definitions are not.
    return 'value' in targets
      ? okItem('CRDs', 'The API server serves the kinds; their definitions are not visible to you.')
      : targets.refusal.status === 404
        ? failedItem('CRDs', targets.refusal.message, install)
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
    : failedItem('CRDs', `${wrong.join('; ')}.`, install);
}

export function controllerItems({ controllers, now, trial }: ClusterFacts): readonly CheckItem[] {
  if ('refusal' in controllers) {
    return [skippedItem('Controller', controllers.refusal.message)];
  }
  if (controllers.value.length === 0) {
    return [failedItem('Controller', 'There is no controller in this cluster.', install)];
  }
  const created = 'value' in trial ? trial.value.metadata.creationTimestamp : undefined;
  const time = created === undefined ? now : new Date(created);
  return controllers.value.flatMap((each) => [replicasItem(each), ...leaderItems(each, time)]);
}

function replicasItem({ deployment: { metadata, spec, status } }: SeenController): CheckItem {
  const where = `${metadata.namespace ?? ''}/${metadata.name}`;
  const wanted = spec.replicas ?? 1;
  const available = status?.availableReplicas ?? 0;
  const look = `See why: kubectl -n ${metadata.namespace ?? ''} describe deployment/${metadata.name}`;
  if (available === 0) {
    return failedItem('Controller', `None of the ${wanted} replicas of ${where} is available.`, look);
  }
  if (available < wanted) {
    return warningItem('Controller', `${available} of ${wanted} replicas of ${where} are available.`, look);
  }
  const version = metadata.labels?.['app.kubernetes.io/version'];
  if (version !== undefined && version !== packageJSON.version) {
    return warningItem(
      'Controller',
      `${where} is version ${version}, this plugin is ${packageJSON.version}.`,
      'Use the plugin of the same release.',
    );
  }
  return okItem('Controller', `${where} is available: ${available} of ${wanted} replicas.`);
}

/** @param time of the API server, where it is known */
function leaderItems({ deployment, lease }: SeenController, time: Date): readonly CheckItem[] {
  if ('refusal' in lease) {
    return [skippedItem('Leader', lease.refusal.message)];
  }
  const logs = `Read its log: kubectl -n ${deployment.metadata.namespace ?? ''} logs deployment/${deployment.metadata.name}`;
  const { holderIdentity, renewTime, leaseDurationSeconds = leaseSeconds } = lease.value?.spec ?? {};
  if (lease.value === undefined || !holderIdentity || renewTime === undefined) {
    return [failedItem('Leader', 'No replica leads: nothing is reconciled.', logs)];
  }
  const silentMs = time.getTime() - Date.parse(renewTime);
  if (silentMs > 2_000 * leaseDurationSeconds) {
    const what = `${holderIdentity} has not renewed its lease for ${durationText(silentMs)}.`;
    return [failedItem('Leader', what, logs)];
  }
  return [okItem('Leader', `${holderIdentity} leads.`), controllerClockItem(lease.value, renewTime)];
}

/** The controller wrote the time of renewal, the API server the time at which it stored that. */
function controllerClockItem({ metadata }: Lease, renewTime: string): CheckItem {
  const stored = (metadata.managedFields ?? [])
    .flatMap((field) => (isStamped(field) ? [Date.parse(field.time)] : []))
    .reduce((latest, each) => Math.max(latest, each), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(stored)) {
    return skippedItem('Controller clock', 'The API server does not say when the lease was written.');
  }
  const skewMs = Math.abs(stored - Date.parse(renewTime));
  return skewMs <= maxSkewMs
    ? okItem('Controller clock', 'Controller and API server agree on the time.')
    : warningItem(
        'Controller clock',
        `Controller and API server are ${durationText(skewMs)} apart.`,
        'Run NTP on the nodes: what has expired is judged by the clock.',
      );
}

function isStamped(field: unknown): field is { readonly time: string } {
  return typeof field === 'object' && field !== null && 'time' in field && typeof field.time === 'string';
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
