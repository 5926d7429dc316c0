import { freshReasons, healthyReasons, recoverableReasons } from '../../../api/bootstrapstate/reasons.ts';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../../api/condition.ts';
import type { ReasonDoc } from '../../../api/reasons.ts';
import { formatAppName } from '../../kubectl/app-name.ts';
import type { CheckItem } from '../check-report.ts';
import { failedItem, okItem, skippedItem, warningItem } from '../checklist.ts';
import { type ClusterFacts, isSameApp } from './facts.ts';

/** Apps that are named when the one asked for is not among them. */
const mostNamed = 10;

/** What is known of the app that was named; nothing when none was. */
export function appItems({
  app,
  states,
  targets,
  targetName,
  namespace,
}: ClusterFacts): readonly CheckItem[] {
  if (app === undefined) {
    return [];
  }
  if ('refusal' in states) {
    return [skippedItem('App', states.refusal.message)];
  }
  const state = states.value.find(({ spec }) => isSameApp(app, spec));
  if (state !== undefined) {
    return [healthItem(state), recoverableItem(state), freshItem(state), ...circuitItems(state)];
  }
  const name = formatAppName(app);
  const target =
    'value' in targets ? targets.value.find(({ metadata }) => metadata.name === targetName) : undefined;
  const inBucket = target?.status.apps ?? [];
  if (inBucket.some((each) => isSameApp(app, each))) {
    return [
      warningItem(
        'App',
        `${name} is in the bucket, and no RecoveryPolicy guards it.`,
        'Create one: see docs/tasks/detect-and-repair.md.',
      ),
    ];
  }
  const known = [
    ...new Set([...states.value.map(({ spec }) => spec), ...inBucket].map(formatAppName)),
  ].sort();
  const more = known.length > mostNamed ? ` and ${known.length - mostNamed} more` : '';
  const list = known.length === 0 ? '' : ` There are: ${known.slice(0, mostNamed).join(', ')}${more}.`;
  return [
    failedItem(
      'App',
      `${name} is neither guarded in namespace "${namespace}" nor in the bucket.${list}`,
      'Check the spelling: upper and lower case count.',
    ),
  ];
}

function healthItem({ status }: BootstrapState): CheckItem {
  const healthy = findCondition(status.conditions, 'Healthy');
  if (healthy === undefined) {
    return skippedItem('App', 'It has not been verified yet.');
  }
  const next = nextOf(healthyReasons, healthy.reason);
  switch (healthy.status) {
    case 'True':
      return okItem('App', healthy.message);
    case 'False':
      return failedItem('App', `${healthy.reason}: ${healthy.message}`, next);
    case 'Unknown':
      return warningItem('App', `${healthy.reason}: ${healthy.message}`, next);
  }
}

function recoverableItem({ status }: BootstrapState): CheckItem {
  const recoverable = findCondition(status.conditions, 'Recoverable');
  if (recoverable === undefined || recoverable.status === 'Unknown') {
    return skippedItem('Recoverable', recoverable?.message ?? 'It has not been compared yet.');
  }
  const summary = status.recoverable === undefined ? '' : `${status.recoverable.summary} settings: `;
  return recoverable.status === 'True'
    ? okItem('Recoverable', `${summary}${recoverable.message}`)
    : failedItem(
        'Recoverable',
        `${summary}${recoverable.message}`,
        nextOf(recoverableReasons, recoverable.reason),
      );
}

function freshItem({ status }: BootstrapState): CheckItem {
  const fresh = findCondition(status.conditions, 'Fresh');
  if (fresh === undefined || fresh.status === 'Unknown') {
    return skippedItem('Expiry', fresh?.message ?? 'The metadata has not been verified yet.');
  }
  return fresh.status === 'True' && fresh.reason !== 'ExpiresSoon'
    ? okItem('Expiry', fresh.message)
    : warningItem('Expiry', fresh.message, nextOf(freshReasons, fresh.reason));
}

function circuitItems({ status }: BootstrapState): readonly CheckItem[] {
  const circuit = findCondition(status.conditions, 'CircuitOpen');
  return circuit?.status === 'True'
    ? [failedItem('Circuit breaker', circuit.message, 'See docs/runbooks/TUFRecoveryCircuitOpen.md.')]
    : [];
}

/** A reason of a newer controller is not documented here. */
function nextOf(docs: Readonly<Record<string, ReasonDoc>>, reason: string): string {
  const next = Object.hasOwn(docs, reason) ? (docs[reason]?.next ?? '') : '';
  return next === '' ? 'See docs/reference/conditions.md.' : next;
}
