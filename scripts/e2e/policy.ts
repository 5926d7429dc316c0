import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import { names } from './names.ts';
import type { Scene } from './scenario.ts';

const name = 'repair';

/** A policy that repairs the small app without waiting whether its loss lasts. */
export const policyManifest = {
  apiVersion: 'tuf-recovery.dev/v1alpha1',
  kind: 'RecoveryPolicy',
  metadata: { name },
  spec: {
    apps: [{ adminName: 'alice', appName: 'tuf' }],
    action: 'Recover',
    stabilizationSeconds: 0,
  },
} as const;

/** A policy guards an app, the app is lost, and the policy creates the run that brings it back. */
export async function recoverByPolicy({ kubernetes, settings, runs, small }: Scene): Promise<void> {
  await kubernetes.apply(names.app, [policyManifest]);
  await settings.loseAll();
  const run = await kubernetes.until('the run of the policy', async () => {
    const all = await kubernetes.list<BootstrapRecovery>(names.app, 'bootstraprecoveries');
    return all.find(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name));
  });
  await runs.requireRecovered(run.metadata.name ?? '', small);
  await kubernetes.kubectl([`--namespace=${names.app}`, 'delete', 'recoverypolicy', name]);
}
