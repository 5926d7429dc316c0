import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import { names } from './names.ts';
import type { Scene } from './scenario.ts';

/** A policy looks at an app that is well, the app is lost, and the policy creates the run that brings it back. */
export async function recoverByPolicy({ kubernetes, settings, runs, small }: Scene): Promise<void> {
  const name = 'repair';
  await kubernetes.apply(names.app, [
    {
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'RecoveryPolicy',
      metadata: { name },
      spec: {
        apps: [{ adminName: 'alice', appName: 'tuf' }],
        action: 'Recover',
        intervalSeconds: 10,
        failureThreshold: 1,
      },
    },
  ]);
  await settings.loseAll();
  const run = await kubernetes.until('the run of the policy', async () => {
    const all = await kubernetes.list<BootstrapRecovery>(names.app, 'bootstraprecoveries');
    return all.find(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name));
  });
  await runs.requireRecovered(run.metadata.name ?? '', small);
  await kubernetes.kubectl([`--namespace=${names.app}`, 'delete', 'recoverypolicy', name]);
}
