import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../../api/condition.ts';
import { ageText } from '../age.ts';
import { formatAppName } from '../app-name.ts';
import { awaitsApproval } from '../run-result.ts';
import type { AppsAndRuns } from './apps-and-runs.ts';

/** Something that only a person can decide or do. */
export interface PendingAction {
  /** `ADMIN/APP`. */
  readonly app: string;
  readonly namespace: string;
  /**
   * What the matter is, and what to do. One sentence or two, as the cluster holds them: not safe for a
   * terminal.
   */
  readonly text: string;
}

/** Keys that are named; `describe` and `-o json` have all. */
const mostKeys = 3;

/**
 * What waits for a person: approvals, uncertain values, expired or expiring metadata, an open circuit. Sorted
 * by app.
 */
export function pendingActions({ states, runs }: AppsAndRuns, now: Date): readonly PendingAction[] {
  const ofRuns = runs.filter(awaitsApproval).map((run) => need(run, approvalText(run)));
  const uncertain = newestOfEachApp(runs).flatMap((run) =>
    uncertainTexts(run).map((text) => need(run, text)),
  );
  const ofStates = states.flatMap((state) => stateTexts(state, now).map((text) => need(state, text)));
  const all = [...ofRuns, ...uncertain, ...ofStates];
  const key = ({ namespace, app }: PendingAction): string => `${namespace}/${app}`;
  // Stable: approvals stay before the rest of their app.
  return all.toSorted((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))));
}

function need({ metadata, spec }: BootstrapRecovery | BootstrapState, text: string): PendingAction {
  return { app: formatAppName(spec), namespace: metadata.namespace ?? 'default', text };
}

function approvalText({ metadata }: BootstrapRecovery): string {
  const command = `kubectl tuf-recovery describe ${metadata.name} -n ${metadata.namespace ?? 'default'}`;
  return `Run ${metadata.name} waits for approval of its plan. Read it: ${command}`;
}

/** A later run has answered what an earlier one asked. */
function newestOfEachApp(runs: readonly BootstrapRecovery[]): readonly BootstrapRecovery[] {
  const byApp = Map.groupBy(runs, ({ metadata, spec }) =>
    JSON.stringify([metadata.namespace, spec.targetRef.name, spec.adminName, spec.appName]),
  );
  return [...byApp.values()].flatMap((ofApp) =>
    ofApp.toSorted((a, b) => createdAt(b) - createdAt(a)).slice(0, 1),
  );
}

function createdAt({ metadata }: BootstrapRecovery): number {
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}

function uncertainTexts({ metadata, status }: BootstrapRecovery): readonly string[] {
  const details = (status.findings ?? [])
    .filter(({ code }) => code === 'UncertainValue')
    .map(({ detail }) => detail);
  if (details.length === 0) {
    return [];
  }
  const more = details.length > 1 ? ` (and ${details.length - 1} more)` : '';
  return [
    `Run ${metadata.name} found an uncertain value: ${details[0]}${more} Compare with what was configured; ` +
      'give it in overrides.expirations of a new run, or correct it on the server.',
  ];
}

function stateTexts({ status }: BootstrapState, now: Date): readonly string[] {
  const circuit = findCondition(status.conditions, 'CircuitOpen');
  const recoverable = findCondition(status.conditions, 'Recoverable');
  return [
    ...(circuit?.status === 'True' ? [circuit.message] : []),
    ...(recoverable?.reason === 'ValuesDiffer' ? [differencesText(status, recoverable.message)] : []),
    ...rootTexts(status.metadata?.root, now),
    ...freshTexts(status, now),
  ];
}

function differencesText({ recoverable }: BootstrapState['status'], message: string): string {
  const differences = recoverable?.differences ?? [];
  if (differences.length === 0) {
    return message;
  }
  const shown = differences
    .slice(0, mostKeys)
    .map(({ key, value, wouldBe }) => `${key} is ${value} and would become ${wouldBe}`);
  const rest = differences.length > mostKeys ? `, and ${differences.length - mostKeys} more` : '';
  return (
    `A recovery would restore other values: ${shown.join(', ')}${rest}. ` +
    'Turn captureSettings on, or have the server sign once with the present settings.'
  );
}

/** A root is the one role that no server can sign again without a person. */
function rootTexts(
  root: NonNullable<BootstrapState['status']['metadata']>['root'],
  now: Date,
): readonly string[] {
  if (root === undefined) {
    return [];
  }
  const act = 'Its key holders must sign a new version.';
  if (Date.parse(root.expiresTime) <= now.getTime()) {
    return [
      `Root ${root.version} expired ${ageText(root.expiresTime, now)} ago: clients refuse updates. ${act}`,
    ];
  }
  if (root.warnTime !== undefined && Date.parse(root.warnTime) <= now.getTime()) {
    const left = ageText(now.toISOString(), new Date(root.expiresTime));
    return [`Root ${root.version} expires in ${left}, on ${root.expiresTime}. ${act}`];
  }
  return [];
}

/**
 * Metadata the server signs: a person is needed only where nothing renews it, and not twice for the same
 * root.
 */
function freshTexts({ conditions, metadata }: BootstrapState['status'], now: Date): readonly string[] {
  const fresh = findCondition(conditions, 'Fresh');
  const isRootExpired =
    metadata?.root !== undefined && Date.parse(metadata.root.expiresTime) <= now.getTime();
  return fresh?.reason === 'Expired' && !isRootExpired ? [fresh.message] : [];
}
