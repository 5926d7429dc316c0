import { awaitsApproval, succeededOf } from '../../api/bootstraprecovery/run-result.ts';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { isTerminal } from '../../api/conditions.ts';
import type { AppKey } from './model.ts';

/** What the cluster holds of one app. */
export interface AppFacts {
  readonly key: AppKey;
  /** Undefined for an app that is known only from its runs. */
  readonly state: BootstrapState | undefined;
  /** The newest first. */
  readonly runs: readonly BootstrapRecovery[];
}

/** Groups what the cluster holds by app: those with a state, and those that only runs are about. */
export function factsOfApps(
  states: readonly BootstrapState[],
  runs: readonly BootstrapRecovery[],
): readonly AppFacts[] {
  const runsOf = Map.groupBy(runs, (run) => appId(appKeyOf(run)));
  const stateOf = new Map(states.map((state) => [appId(appKeyOf(state)), state]));
  return [...new Set([...stateOf.keys(), ...runsOf.keys()])].flatMap((id) => {
    const state = stateOf.get(id);
    const ofApp = (runsOf.get(id) ?? []).toSorted(newestFirst);
    const object = state ?? ofApp[0];
    return object === undefined ? [] : [{ key: appKeyOf(object), state, runs: ofApp }];
  });
}

/** The app an object is about. */
function appKeyOf({ metadata, spec }: BootstrapState | BootstrapRecovery): AppKey {
  return {
    namespace: metadata.namespace ?? 'default',
    target: spec.targetRef.name,
    admin: spec.adminName,
    app: spec.appName,
  };
}

/** One text for each app, different for any two. */
export function appId({ namespace, target, admin, app }: AppKey): string {
  return JSON.stringify([namespace, target, admin, app]);
}

/** The run that a person wants to hear of first: one that waits for approval, else one under way. */
export function activeRun({ runs }: AppFacts): BootstrapRecovery | undefined {
  return runs.find(awaitsApproval) ?? runs.find(isUnderWay);
}

/** Whether it works at this moment, not only waits. */
export function isUnderWay(run: BootstrapRecovery): boolean {
  return !isTerminal(run.status.conditions ?? []) && succeededOf(run)?.reason === 'Running';
}

function newestFirst(a: BootstrapRecovery, b: BootstrapRecovery): number {
  // RFC 3339 in UTC, as the API server writes it: text order is time order.
  const [first, second] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (first !== second) {
    return first < second ? 1 : -1;
  }
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
