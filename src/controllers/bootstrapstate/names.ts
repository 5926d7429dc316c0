import { createHash } from 'node:crypto';
import type { App } from '../../recovery/request.ts';

/** Ten hexadecimal digits that stand for anything in names: an admin's name may hold any character. */
function digestOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 10);
}

/**
 * The name of the BootstrapState of an app: the same for every controller, so that two never create two. It
 * begins with the app's name, for people; at most 51 characters, because it becomes a label.
 */
export function stateName(targetName: string, { adminName, appName }: App): string {
  const readable = appName.toLowerCase().slice(0, 40).replace(/-+$/, '');
  return `${readable}-${digestOf([targetName, adminName, appName])}`;
}

/**
 * The name of the run that was decided upon at `time`: the same for every process that carries the decision
 * out. At most 62 characters, because a policy's name has at most 40; the name of a run becomes a label.
 */
export function recoveryName(policyName: string, { adminName, appName }: App, time: Date): string {
  return `${policyName}-${digestOf([adminName, appName])}-${Math.floor(time.getTime() / 1000)}`;
}

/**
 * The name of the ConfigMap that holds the captured settings of an app, when they are many. It carries the
 * uid, so no other ConfigMap has it.
 */
export function settingsName(stateUID: string): string {
  return `tuf-settings-${stateUID}`;
}
