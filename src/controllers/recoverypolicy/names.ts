import { createHash } from 'node:crypto';
import type { App } from '../../recovery/request.ts';

/** Ten hexadecimal digits that stand for an app in names: an admin's name may hold anything. */
function appDigest({ adminName, appName }: App): string {
  return createHash('sha256')
    .update(JSON.stringify([adminName, appName]))
    .digest('hex')
    .slice(0, 10);
}

/**
 * The name of the run that was decided upon at `time`: the same for whoever carries the decision out. At most 62 characters,
 * because a policy's name has at most 40; the name of a run becomes a label.
 */
export function recoveryName(policyName: string, app: App, time: Date): string {
  return `${policyName}-${appDigest(app)}-${Math.floor(time.getTime() / 1000)}`;
}

/** The name of the ConfigMap that holds an app's captured settings. */
export function settingsName(policyName: string, app: App): string {
  return `${policyName}-${appDigest(app)}-settings`;
}
