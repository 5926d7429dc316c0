import packageJSON from '../../../../package.json' with { type: 'json' };
import type { Lease } from '../../../kube/leaderelection/lease.ts';
import { durationText } from '../../output/duration-text.ts';
import type { CheckItem } from '../check-report.ts';
import { failedItem, okItem, skippedItem, warningItem } from '../checklist.ts';
import { maxSkewMs } from './clock-skew.ts';
import type { ClusterFacts, SeenController } from './facts.ts';
import { installAdvice } from './install-advice.ts';
import { holderOf } from './lease-holder.ts';

/** What tells whether a controller works. */
type ControllerFacts = Pick<ClusterFacts, 'controllers' | 'leases' | 'now' | 'trial'>;

export function controllerItems(facts: ControllerFacts): readonly CheckItem[] {
  const { controllers, now, trial } = facts;
  if ('refusal' in controllers) {
    return [skippedItem('Controller', controllers.refusal.message)];
  }
  const created = 'value' in trial ? trial.value.metadata.creationTimestamp : undefined;
  const time = created === undefined ? now : new Date(created);
  return controllers.value.length === 0
    ? itemsWithoutDeployment(facts, time)
    : controllers.value.flatMap((each) => [replicasItem(each), ...leaderItems(each, time)]);
}

/** A controller may run outside of the cluster, where no Deployment shows it: its Lease does. */
function itemsWithoutDeployment({ leases }: ControllerFacts, time: Date): readonly CheckItem[] {
  if ('refusal' in leases) {
    const what =
      'There is no Deployment of a controller, and whether one runs elsewhere is not visible to you';
    return [warningItem('Controller', `${what}: ${leases.refusal.message}`, installAdvice)];
  }
  const live = leases.value.flatMap((lease) => {
    const holder = holderOf(lease, time);
    return holder === undefined || holder.isGone ? [] : [{ lease, ...holder }];
  });
  return live.length === 0
    ? [
        failedItem(
          'Controller',
          'There is no Deployment of a controller, and no Lease that one outside of the cluster holds.',
          installAdvice,
        ),
      ]
    : live.flatMap(({ lease, name, renewTime }) => [
        okItem(
          'Controller',
          `${name} runs without a Deployment: it holds the Lease ${lease.metadata.namespace}/${lease.metadata.name}.`,
        ),
        clockItem(lease, renewTime),
      ]);
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
  const holder = holderOf(lease.value, time);
  if (lease.value === undefined || holder === undefined) {
    return [failedItem('Leader', 'No replica leads: nothing is reconciled.', logs)];
  }
  if (holder.isGone) {
    const what = `${holder.name} has not renewed its lease for ${durationText(holder.silentMs)}.`;
    return [failedItem('Leader', what, logs)];
  }
  return [okItem('Leader', `${holder.name} leads.`), clockItem(lease.value, holder.renewTime)];
}

/** The controller wrote the time of renewal, the API server the time at which it stored that. */
function clockItem({ metadata }: Lease, renewTime: string): CheckItem {
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
